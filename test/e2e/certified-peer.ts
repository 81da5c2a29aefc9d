import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCrypto } from '../../src/daemon/crypto.ts';
import { Disk } from '../../src/daemon/disk/disk.ts';
import { readIdentities, type Identities } from '../../src/daemon/identities.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { Family } from '../../src/gossip/family.ts';
import { encodeMessage } from '../../src/gossip/anti-entropy/message.ts';
import { createNetwork } from '../../src/network/create-network.ts';
import type { Crypto } from '../../src/lib/crypto.ts';
import type { Link, Network } from '../../src/network/network.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { Bundle } from '../../src/trust/bundle.ts';
import type { PeerCredential } from '../../src/trust/certificates.ts';

export const crypto: Crypto = createCrypto();

export function bundleOf(home: string, peer: string): Bundle {
  return JSON.parse(readFileSync(join(home, peer, 'bundle.json'), 'utf8')) as Bundle;
}

export function identitiesOf(bundle: Bundle): Identities {
  return readIdentities(
    bundle,
    crypto,
    createLogger('error', () => undefined),
  );
}

/** Records that a stopped daemon had on disk, as the bytes that were signed. */
export function recordsOnDisk(home: string, peer: string): readonly Uint8Array[] {
  const disk = Disk.open(join(home, peer, 'data', 'p2pcs.db'));
  try {
    return [...disk.load()].map((bytes) => new Uint8Array(bytes));
  } finally {
    disk.close();
  }
}

/** An end of the network in this process, with whatever certificate the test gives it, that says what the test says. */
export class HandDrivenPeer {
  readonly network: Network;
  readonly linked: Link[] = [];
  readonly frames: number[] = [];
  readonly unreachable: string[] = [];

  constructor(identity: {
    readonly seed: Uint8Array;
    readonly credential: PeerCredential;
    readonly boot?: number;
  }) {
    this.network = createNetwork({
      privateKeySeed: identity.seed,
      credential: identity.credential,
      cloudId: identity.credential.peer.cloud,
      boot: identity.boot ?? Math.floor(Date.now() / 1000) + 1_000_000,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      mdns: false,
      crypto,
      log: createLogger('error', () => undefined),
      version: 'test',
      events: {
        linkUp: (link) => this.linked.push(link),
        linkLost: () => undefined,
        frame: (_, family) => this.frames.push(family),
        unreachable: (_, reason) => this.unreachable.push(reason),
      },
    });
  }

  /** Begins to dial these daemons. */
  reach(home: string, peers: readonly string[]): readonly PeerId[] {
    const ids = peers.map((name) => {
      const bundle = bundleOf(home, name);
      const id = bundle.peer.peerId as PeerId;
      this.network.learn(id, bundle.listen);
      return id;
    });
    this.network.want(ids);
    return ids;
  }

  /** One frame of records, as an eager push carries them. */
  push(to: PeerId, records: readonly Uint8Array[]): void {
    this.network.send(
      to,
      Family.records,
      encodeMessage({ type: 'records', isEnd: false, records }),
    );
  }
}
