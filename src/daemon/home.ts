import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bundle } from '../trust/bundle.ts';

const bundleBytesMax = 1 << 20;

/** Where one daemon keeps everything. Paths are absolute. */
export interface Home {
  readonly directory: string;
  readonly bundle: string;
  readonly database: string;
  readonly manifests: string;
  readonly instances: string;
  readonly pid: string;
  readonly kubeconfig: string;
}

export function homeAt(directory: string): Home {
  const root = resolve(directory);
  return {
    directory: root,
    bundle: join(root, 'bundle.json'),
    database: join(root, 'data', 'p2pcs.db'),
    manifests: join(root, 'manifests'),
    instances: join(root, 'instances'),
    pid: join(root, 'p2pcsd.pid'),
    kubeconfig: join(root, 'kubeconfig'),
  };
}

/**
 * Makes the folders, takes in a bundle file if one is given, and reads it.
 * @throws Error for a user: no bundle, not a bundle, another peer's home.
 */
export function openHome(home: Home, bundleFile?: string): Bundle {
  for (const directory of [
    home.directory,
    join(home.directory, 'data'),
    home.manifests,
    home.instances,
  ]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  if (bundleFile !== undefined && resolve(bundleFile) !== home.bundle) {
    const given = readBundle(bundleFile);
    if (existsSync(home.bundle)) {
      const known = readBundle(home.bundle);
      if (known.peer.peerId !== given.peer.peerId) {
        throw new Error(
          `${home.directory} is the home of ${known.peer.name} (${known.peer.peerId}), and ${bundleFile} is of ${given.peer.name}; give --home another folder`,
        );
      }
    }
    copyFileSync(bundleFile, home.bundle);
    chmodSync(home.bundle, 0o600);
  }
  if (!existsSync(home.bundle)) {
    throw new Error(
      `no ${home.bundle}; make one with \`p2pctl add-peer NAME\` on a machine of the cloud and start with --bundle FILE`,
    );
  }
  return readBundle(home.bundle);
}

function readBundle(file: string): Bundle {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read the bundle ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (text.length > bundleBytesMax) throw new Error(`${file} is too large for a bundle`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not a bundle: ${(error as Error).message}`, { cause: error });
  }
  const bundle = value as Bundle;
  const complete =
    bundle?.version === 1 &&
    typeof bundle.cloud?.id === 'string' &&
    typeof bundle.peer?.peerId === 'string' &&
    typeof bundle.peer.privateKey === 'string' &&
    Array.isArray(bundle.owners) &&
    Array.isArray(bundle.listen) &&
    Array.isArray(bundle.bootstrap) &&
    typeof bundle.api?.port === 'number';
  if (!complete) throw new Error(`${file} is not a bundle of version 1`);
  return bundle;
}

/**
 * Claims the pid file.
 * @throws Error when a living daemon of this home is named in it.
 */
export function writePid(home: Home): void {
  if (existsSync(home.pid)) {
    const pid = Number(readFileSync(home.pid, 'utf8').trim());
    if (pid !== process.pid && isDaemonOf(pid, home)) {
      throw new Error(`a daemon of ${home.directory} runs already, with pid ${pid}`);
    }
  }
  writeFileSync(home.pid, `${process.pid}\n`);
}

export function removePid(home: Home): void {
  if (!existsSync(home.pid)) return;
  if (Number(readFileSync(home.pid, 'utf8').trim()) === process.pid)
    rmSync(home.pid, { force: true });
}

function isDaemonOf(pid: number, home: Home): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (
      words.some((word) => word.includes('p2pcsd')) &&
      words.some((word) => word !== '' && resolve(word) === home.directory)
    );
  } catch {
    return false;
  }
}

/** A kubeconfig for this machine's own API, a context an owner; 0600, because it holds client keys. */
export function writeKubeconfig(home: Home, bundle: Bundle): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: bundle.peer.name,
        cluster: {
          server: `https://${bundle.api.host}:${bundle.api.port}`,
          'certificate-authority-data': base64(bundle.api.ca),
        },
      },
    ],
    users: bundle.api.clients.map((client) => ({
      name: client.owner,
      user: {
        'client-certificate-data': base64(client.certificate),
        'client-key-data': base64(client.key),
      },
    })),
    contexts: bundle.api.clients.map((client, index) => ({
      name: index === 0 ? bundle.peer.name : `${client.owner}@${bundle.peer.name}`,
      context: {
        cluster: bundle.peer.name,
        user: client.owner,
        namespace: index === 0 ? 'default' : client.owner,
      },
    })),
    'current-context': bundle.peer.name,
  };
  writeFileSync(home.kubeconfig, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
