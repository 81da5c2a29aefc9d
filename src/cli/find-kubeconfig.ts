import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

import { CliError, ExitCode, wrongUse } from './cli-error.ts';
import { kubeconfigBytesMax, parseKubeconfig } from '../client/kubeconfig.ts';
import type { KubeContext, Kubeconfig } from '../client/kubeconfig.ts';

export interface KubeconfigPlaces {
  /** `--kubeconfig` */
  readonly option?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;

const real = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

/** The nearest `.p2pcs/kubeconfig` from a folder upwards. */
function nearestLocalCloud(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const path = join(folder, '.p2pcs', 'kubeconfig');
    if (isFile(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * The files to read, in the order of `--kubeconfig`, `$KUBECONFIG`, the nearest `.p2pcs/kubeconfig`, `~/.p2pcs`.
 * `~/.kube/config` is never among them, not even when `$KUBECONFIG` names it: it belongs to other clusters.
 */
export function kubeconfigPaths(places: KubeconfigPlaces): readonly string[] {
  const kubernetes = real(join(places.home, '.kube', 'config'));
  const isForeign = (path: string): boolean => real(path) === kubernetes;
  if (places.option !== undefined) {
    const path = resolve(places.cwd, places.option);
    if (isForeign(path)) {
      throw wrongUse(
        `p2pctl never reads ${path}: it belongs to Kubernetes`,
        'a local cloud writes its own kubeconfig: p2pctl up --peers 3',
      );
    }
    if (!isFile(path)) throw wrongUse(`--kubeconfig ${path}: there is no such file`);
    return [path];
  }
  const listed = (places.env['KUBECONFIG'] ?? '')
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => resolve(places.cwd, path));
  const own = listed.filter((path) => !isForeign(path));
  const readable = own.filter(isFile);
  if (readable.length > 0) return readable;
  if (own.length > 0) {
    throw wrongUse(`KUBECONFIG names ${own.join(', ')}: there is no such file`, 'unset KUBECONFIG');
  }
  const nearest = nearestLocalCloud(places.cwd) ?? join(places.home, '.p2pcs', 'kubeconfig');
  return isFile(nearest) ? [nearest] : [];
}

async function read(path: string): Promise<Kubeconfig> {
  try {
    if (statSync(path).size > kubeconfigBytesMax) throw new Error('it is larger than 4 MiB');
    return await parseKubeconfig(readFileSync(path, 'utf8'), path);
  } catch (error) {
    throw new CliError(
      `cannot use the kubeconfig ${path}: ${(error as Error).message}`,
      ExitCode.failed,
    );
  }
}

/** Reads what `kubeconfigPaths` finds; of several files the first entry of a name counts, as in kubectl. */
export async function findKubeconfig(places: KubeconfigPlaces): Promise<Kubeconfig> {
  const paths = kubeconfigPaths(places);
  const files = await Promise.all(paths.map(read));
  const [first] = files;
  if (first === undefined) {
    throw new CliError('no cloud found: no .p2pcs/kubeconfig here or above', ExitCode.unreachable, [
      'start one on this machine: p2pctl up --peers 3',
      'or name one: p2pctl --kubeconfig FILE …, or set KUBECONFIG',
    ]);
  }
  const contexts = new Map<string, KubeContext>();
  for (const context of files.flatMap((file) => file.contexts)) {
    if (!contexts.has(context.name)) contexts.set(context.name, context);
  }
  const currentContext = files
    .map((file) => file.currentContext)
    .find((name) => name !== undefined);
  return {
    path: first.path,
    contexts: [...contexts.values()],
    ...(currentContext === undefined ? {} : { currentContext }),
  };
}
