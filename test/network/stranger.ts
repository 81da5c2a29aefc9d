import { randomBytes } from 'node:crypto';
import { multiaddr } from '@multiformats/multiaddr';
import { linkProtocol } from '../../src/network/greeter.ts';
import { createHost } from '../../src/network/libp2p-host.ts';
import { defaultLimits } from '../../src/network/network-options.ts';
import { SocketBytes } from '../../src/network/socket-bytes.ts';
import { identity, type TestPeer } from './test-cloud.ts';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';

/** A libp2p node with our transport and none of our manners: it sends whatever a test wants to see refused. */
export class Stranger {
  readonly libp2p: Libp2p;

  private constructor(libp2p: Libp2p) {
    this.libp2p = libp2p;
  }

  static async start(seed: Uint8Array = randomBytes(32)): Promise<Stranger> {
    const libp2p = await createHost({
      privateKeySeed: seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      cloudId: identity('any').credential.peer.cloud,
      limits: defaultLimits,
      bytes: new SocketBytes(),
      discovered: undefined,
    });
    await libp2p.start();
    return new Stranger(libp2p);
  }

  async connect(to: TestPeer): Promise<Connection> {
    return this.libp2p.dial(multiaddr(to.contacts[0]));
  }

  async stop(): Promise<void> {
    await this.libp2p.stop();
  }
}

/** What came back on a stream until its connection closed. */
export async function answerOn(stream: Stream, connection: Connection): Promise<number> {
  let received = 0;
  stream.addEventListener('message', ({ data }) => (received += data.byteLength));
  if (connection.status !== 'closed' && connection.status !== 'aborted') {
    await new Promise((resolve) => connection.addEventListener('close', resolve));
  }
  return received;
}

/** Opens a link, sends these bytes, and counts the bytes of the answer until the other side closes. */
export async function knock(stranger: Stranger, at: TestPeer, bytes: Uint8Array): Promise<number> {
  const connection = await stranger.connect(at);
  const stream = await connection.newStream(linkProtocol);
  const answer = answerOn(stream, connection);
  if (bytes.length > 0) stream.send(bytes);
  return answer;
}
