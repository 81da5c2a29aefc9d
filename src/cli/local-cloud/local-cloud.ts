import { existsSync, mkdirSync, readFileSync, chmodSync } from 'node:fs';
import { userInfo } from 'node:os';

import { CliError, ExitCode, wrongUse } from '../cli-error.ts';
import { cloudIdOf } from '../../trust/cloud-id.ts';
import { createKey, nodeCrypto, readKey } from './keys.ts';
import { findFreePorts } from './free-ports.ts';
import { fromBase64, toBase64 } from '../../lib/base64.ts';
import { isLabel } from '../../trust/names.ts';
import { issueBundle, renewBundle } from './issue-bundle.ts';
import { issueOwnerCertificate, parseOwnerCertificate } from '../../trust/owner-certificate.ts';
import { peerIdFromPublicKey } from '../../trust/peer-id.ts';
import { readCloudFile, writeCloudFile } from './cloud-file.ts';
import { trustManifest } from './trust-manifest.ts';
import { writeKubeconfig } from './kubeconfig-file.ts';
import { writePrivate } from './private-file.ts';
import type { Bundle } from '../../trust/bundle.ts';
import type { CloudFile, LocalPeer } from './cloud-file.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { CloudId, OwnerName } from '../../objects/ids.ts';
import type { OwnerAtHand } from './issue-bundle.ts';

export interface PeerWish {
  readonly name: string;
  /** Host or IP address on which other peers reach it. Default 127.0.0.1. */
  readonly listenHost?: string;
  readonly drivers?: readonly string[];
  readonly mdns?: boolean;
}

const loopback = '127.0.0.1';
/** New peers join through this many earlier ones. */
const contactsMax = 3;

const isName = (text: string): boolean => isLabel(text);

/** The name of the owner when none was given: the user's own, where it can be one. */
function defaultOwner(): string {
  const { username } = userInfo();
  return username !== 'root' && isName(username) ? username : 'admin';
}

const addressOf = (host: string, port: number): string =>
  `/${host.includes(':') ? 'ip6' : /^[\d.]+$/.test(host) ? 'ip4' : 'dns'}/${host}/tcp/${port}`;

/**
 * Earlier peers to join through, spread over all of them: each newcomer has others, so that no peer is special.
 * `newcomer` counts from 0; the first has none.
 */
export function chooseContacts<T>(earlier: readonly T[], newcomer: number): readonly T[] {
  const count = Math.min(contactsMax, earlier.length);
  const chosen = new Set<T>();
  for (let at = 0; chosen.size < count; at++) {
    const index = (newcomer - 1 - Math.floor((at * earlier.length) / count)) % earlier.length;
    chosen.add(earlier[(index + earlier.length) % earlier.length]!);
  }
  return [...chosen];
}

/** The keys, certificates and bundles of a cloud on this machine. Its processes are another matter. */
export class LocalCloud {
  readonly folder: CloudFolder;
  #file: CloudFile;
  readonly #owners: OwnerAtHand[];

  private constructor(folder: CloudFolder, file: CloudFile, owners: OwnerAtHand[]) {
    this.folder = folder;
    this.#file = file;
    this.#owners = owners;
  }

  /** Opens what is there. */
  static open(folder: CloudFolder): LocalCloud {
    const file = readCloudFile(folder);
    if (file === undefined) {
      throw new CliError(`there is no cloud in ${folder.path}`, ExitCode.failed, [
        'make one: p2pctl up --peers 3',
      ]);
    }
    const owners = file.owners.map(({ name }): OwnerAtHand => {
      const encoded = fromBase64(readFileSync(folder.ownerCertificate(name), 'utf8').trim());
      const certificate = encoded === undefined ? undefined : parseOwnerCertificate(encoded).ok;
      if (certificate === undefined) {
        throw new CliError(`${folder.ownerCertificate(name)} is not an owner's certificate`);
      }
      return { certificate, key: readKey(readFileSync(folder.ownerKey(name), 'utf8')) };
    });
    return new LocalCloud(folder, file, owners);
  }

  /** Opens it, or makes a root key and an owner when there is none; adds owners that are new. */
  static ensure(folder: CloudFolder, owners: readonly string[]): LocalCloud {
    const bad = owners.find((name) => !isName(name));
    if (bad !== undefined) {
      throw wrongUse(
        `--owners: "${bad}" is no name: lowercase letters, digits and dashes, at most 63`,
      );
    }
    const isNew = !existsSync(folder.cloud);
    const cloud = isNew ? LocalCloud.#create(folder, owners.length > 0) : LocalCloud.open(folder);
    const wanted = isNew && owners.length === 0 ? [defaultOwner()] : owners;
    for (const name of wanted) cloud.#ensureOwner(name);
    return cloud;
  }

  static #create(folder: CloudFolder, hasNamedOwners: boolean): LocalCloud {
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    chmodSync(folder.path, 0o700);
    const root = createKey();
    writePrivate(folder.rootKey, root.pem);
    return new LocalCloud(
      folder,
      {
        version: 1,
        id: cloudIdOf(root.signer.publicKey, nodeCrypto),
        rootKey: toBase64(root.signer.publicKey),
        createdAt: new Date().toISOString(),
        hasNamedOwners,
        owners: [],
        peers: [],
        elsewhere: [],
      },
      [],
    );
  }

  get id(): CloudId {
    return this.#file.id as CloudId;
  }
  get peers(): readonly LocalPeer[] {
    return this.#file.peers;
  }
  get owners(): readonly string[] {
    return this.#file.owners.map(({ name }) => name);
  }

  readBundle(peer: string): Bundle {
    return JSON.parse(readFileSync(this.folder.bundle(peer), 'utf8')) as Bundle;
  }

  /** Makes the peers that are not there yet; the others stay as they are. The names of the new ones. */
  async ensurePeers(wishes: readonly PeerWish[]): Promise<readonly string[]> {
    const known = new Set(this.#file.peers.map(({ name }) => name));
    const missing = wishes.filter(({ name }) => !known.has(name));
    if (missing.length === 0) return [];
    const taken = new Set(this.#file.peers.flatMap((peer) => [peer.listenPort, peer.apiPort]));
    const ports = await findFreePorts(loopback, 2 * missing.length, taken);
    for (const [index, wish] of missing.entries()) {
      await this.#addPeer(wish, ports[2 * index]!, ports[2 * index + 1]!);
    }
    return missing.map(({ name }) => name);
  }

  /** Brings every bundle, policy and the kubeconfig up to date. Peers whose running daemon has an older bundle now. */
  async refresh(): Promise<readonly string[]> {
    const changed: string[] = [];
    const bundles: Bundle[] = [];
    for (const { name } of this.#file.peers) {
      const before = this.readBundle(name);
      const caKey = readFileSync(this.folder.apiCaKey(name), 'utf8');
      const after = await renewBundle(before, this.#owners, caKey);
      if (after.bundle !== before) {
        writePrivate(this.folder.apiCaKey(name), after.apiCaKey);
        this.#writeBundle(after.bundle);
        changed.push(name);
      }
      bundles.push(after.bundle);
      const policy = trustManifest(name, this.owners);
      const path = this.folder.policy(name);
      if (!existsSync(path) || readFileSync(path, 'utf8') !== policy) writePrivate(path, policy);
    }
    await writeKubeconfig(this.folder, this.#file, bundles);
    return changed;
  }

  /** The bundle with which another machine joins. */
  async issueForElsewhere(
    name: string,
    options: {
      readonly listen: readonly string[];
      readonly apiPort: number;
      readonly mdns: boolean;
    },
  ): Promise<Bundle> {
    if (!isName(name)) {
      throw wrongUse(
        `"${name}" is no name for a peer: lowercase letters, digits and dashes, at most 63`,
      );
    }
    if (
      this.#file.peers.some((peer) => peer.name === name) ||
      this.#file.elsewhere.includes(name)
    ) {
      throw new CliError(
        `cannot add peer ${name}: this cloud has one of that name`,
        ExitCode.failed,
        ['take another name; certificates of a name are not given twice'],
      );
    }
    const key = createKey();
    const { bundle } = await issueBundle({
      cloud: { id: this.id, rootKey: this.#file.rootKey },
      name,
      peerId: peerIdFromPublicKey(key.signer.publicKey),
      peerKey: key,
      owners: this.#owners,
      bootstrap: this.#file.peers.slice(0, 8).map((peer) => this.#contact(peer)),
      listen: options.listen,
      drivers: [],
      mdns: options.mdns,
      apiPort: options.apiPort,
    });
    this.#save({ elsewhere: [...this.#file.elsewhere, name] });
    return bundle;
  }

  #contact(peer: LocalPeer): string {
    return `${addressOf(peer.listenHost, peer.listenPort)}/p2p/${peer.peerId}`;
  }

  async #addPeer(wish: PeerWish, listenPort: number, apiPort: number): Promise<void> {
    if (!isName(wish.name)) {
      throw wrongUse(
        `"${wish.name}" is no name for a peer: lowercase letters, digits and dashes, at most 63`,
      );
    }
    const key = createKey();
    const peerId = peerIdFromPublicKey(key.signer.publicKey);
    const { peers } = this.#file;
    const listenHost = wish.listenHost ?? loopback;
    const { bundle, apiCaKey } = await issueBundle({
      cloud: { id: this.id, rootKey: this.#file.rootKey },
      name: wish.name,
      peerId,
      peerKey: key,
      owners: this.#owners,
      bootstrap: chooseContacts(peers, peers.length).map((peer) => this.#contact(peer)),
      listen: [addressOf(listenHost, listenPort)],
      drivers: wish.drivers ?? [],
      mdns: wish.mdns ?? false,
      apiPort,
    });
    writePrivate(this.folder.apiCaKey(wish.name), apiCaKey);
    this.#writeBundle(bundle);
    this.#save({ peers: [...peers, { name: wish.name, peerId, listenHost, listenPort, apiPort }] });
  }

  #ensureOwner(name: string): void {
    if (this.#file.owners.some((owner) => owner.name === name)) return;
    const isFirst = this.#file.owners.length === 0;
    const namespaces = [...(isFirst ? ['default'] : []), name, `${name}-*`];
    const root = readKey(readFileSync(this.folder.rootKey, 'utf8'));
    const key = createKey();
    const certificate = issueOwnerCertificate(root.signer, {
      cloud: this.id,
      owner: name as OwnerName,
      key: key.signer.publicKey,
      namespaces,
      issuedAtMs: Date.now(),
    });
    writePrivate(this.folder.ownerKey(name), key.pem);
    writePrivate(this.folder.ownerCertificate(name), `${toBase64(certificate.encoded)}\n`);
    this.#owners.push({ certificate, key });
    this.#save({
      owners: [...this.#file.owners, { name, namespaces }],
      hasNamedOwners: this.#file.hasNamedOwners || !isFirst,
    });
  }

  #writeBundle(bundle: Bundle): void {
    writePrivate(this.folder.bundle(bundle.peer.name), `${JSON.stringify(bundle, null, 2)}\n`);
  }

  #save(change: Partial<CloudFile>): void {
    this.#file = { ...this.#file, ...change };
    writeCloudFile(this.folder, this.#file);
  }
}
