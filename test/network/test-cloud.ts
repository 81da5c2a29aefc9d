import { createHash } from 'node:crypto';
import { createCrypto, createSigner } from '../../src/daemon/crypto.ts';
import { createNetwork } from '../../src/network/create-network.ts';
import { cloudIdOf } from '../../src/trust/cloud-id.ts';
import { issueOwnerCertificate } from '../../src/trust/owner-certificate.ts';
import { issuePeerCertificate } from '../../src/trust/peer-certificate.ts';
import { peerIdFromPublicKey } from '../../src/trust/peer-id.ts';
import type { Crypto } from '../../src/lib/crypto.ts';
import type { LinkLoss, Link, Network } from '../../src/network/network.ts';
import type {
  NetworkLimits,
  NetworkLog,
  NetworkOptions,
} from '../../src/network/network-options.ts';
import type { OwnerName, PeerId, PeerName } from '../../src/objects/ids.ts';
import type { PeerCredential } from '../../src/trust/certificates.ts';

export const crypto: Crypto = createCrypto();

export interface Identity {
  readonly seed: Uint8Array;
  readonly peer: PeerId;
  readonly credential: PeerCredential;
}

const seedOf = (name: string): Uint8Array => createHash('sha256').update(name).digest();

/** A peer of the cloud that `cloud` names: the same names give the same keys, in any process. */
export function identity(name: string, cloud = 'cloud'): Identity {
  const root = createSigner(seedOf(`root of ${cloud}`));
  const owner = createSigner(seedOf(`owner of ${cloud}`));
  const seed = seedOf(`peer ${name} of ${cloud}`);
  const peer = peerIdFromPublicKey(createSigner(seed).publicKey);
  const cloudId = cloudIdOf(root.publicKey, crypto);
  const common = { cloud: cloudId, owner: 'alice' as OwnerName, issuedAtMs: 1_700_000_000_000 };
  return {
    seed,
    peer,
    credential: {
      rootKey: root.publicKey,
      owner: issueOwnerCertificate(root, {
        ...common,
        key: owner.publicKey,
        namespaces: ['default'],
      }),
      peer: issuePeerCertificate(owner, { ...common, peer, name: name as PeerName }),
    },
  };
}

export type Seen =
  | { readonly type: 'up'; readonly peer: PeerId; readonly boot: number }
  | { readonly type: 'lost'; readonly peer: PeerId; readonly how: LinkLoss }
  | {
      readonly type: 'frame';
      readonly peer: PeerId;
      readonly family: number;
      readonly text: string;
    }
  | { readonly type: 'unreachable'; readonly peer: PeerId; readonly reason: string };

/** One peer of a test, with a diary of all that its network told. */
export class TestPeer {
  readonly identity: Identity;
  readonly network: Network;
  readonly seen: Seen[] = [];
  readonly logged: string[] = [];
  #waiters: { passed: () => boolean; resolve: () => void }[] = [];

  constructor(
    name: string,
    options: Partial<Omit<NetworkOptions, 'limits'>> & {
      readonly limits?: Partial<NetworkLimits>;
      readonly identity?: Identity;
      readonly onFrame?: (from: PeerId, family: number, payload: Uint8Array) => void;
    } = {},
  ) {
    const { identity: given = identity(name), onFrame, ...rest } = options;
    this.identity = given;
    const note = (entry: Seen): void => {
      this.seen.push(entry);
      this.#look();
    };
    const write =
      (level: string): NetworkLog['info'] =>
      (message, fields) => {
        this.logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
        this.#look();
      };
    this.network = createNetwork({
      privateKeySeed: given.seed,
      credential: given.credential,
      cloudId: given.credential.peer.cloud,
      boot: 1,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      mdns: false,
      crypto,
      log: {
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      },
      version: 'test',
      events: {
        linkUp: (link: Link) => note({ type: 'up', peer: link.peer, boot: link.boot }),
        linkLost: (peer, how) => note({ type: 'lost', peer, how }),
        frame: (from, family, payload) => {
          onFrame?.(from, family, payload);
          note({
            type: 'frame',
            peer: from,
            family,
            text: Buffer.from(payload).toString('latin1'),
          });
        },
        unreachable: (peer, reason) => note({ type: 'unreachable', peer, reason }),
      },
      ...rest,
    });
  }

  get id(): PeerId {
    return this.network.self;
  }

  /** Addresses with the peer id, as bootstrap wants them. */
  get contacts(): readonly string[] {
    return this.network.addresses().map((address) => `${address}/p2p/${this.id}`);
  }

  of<T extends Seen['type']>(type: T): readonly Extract<Seen, { type: T }>[] {
    return this.seen.filter((entry): entry is Extract<Seen, { type: T }> => entry.type === type);
  }

  /** Resolves when `passed` holds; looked at after every event and log line, and now and then. */
  async until(passed: () => boolean): Promise<void> {
    if (passed()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ passed, resolve });
    const poll = setInterval(() => this.#look(), 5);
    await promise.finally(() => clearInterval(poll));
  }

  #look(): void {
    this.#waiters = this.#waiters.filter(({ passed, resolve }) => {
      if (!passed()) return true;
      resolve();
      return false;
    });
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts peers, runs the test, stops them whatever came of it. */
export async function withPeers(
  peers: readonly TestPeer[],
  run: (a: TestPeer, b: TestPeer, c: TestPeer) => Promise<void>,
): Promise<void> {
  await Promise.all(peers.map(async (peer) => peer.network.start()));
  try {
    const [a, b, c] = peers;
    // A test names as many as it made.
    await run(a as TestPeer, b as TestPeer, c as TestPeer);
  } finally {
    await Promise.all(peers.map(async (peer) => peer.network.stop()));
  }
}

/** Makes `from` know and dial `to`, and waits until both have the link. */
export async function link(from: TestPeer, to: TestPeer): Promise<void> {
  from.network.learn(to.id, to.network.addresses());
  from.network.want([...from.network.links().map((one) => one.peer), to.id]);
  const has = (one: TestPeer, other: TestPeer): boolean =>
    one.network.links().some(({ peer }) => peer === other.id);
  await from.until(() => has(from, to));
  await to.until(() => has(to, from));
}
