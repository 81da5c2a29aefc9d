import { noise } from '@chainsafe/libp2p-noise';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { silentLogger } from './silent-logger.ts';
import type { Libp2p, MessageStream } from '@libp2p/interface';
import type { Libp2pOptions } from 'libp2p';
import type { CloudId } from '../objects/ids.ts';
import type { SocketBytes } from './socket-bytes.ts';
import type { NetworkLimits } from './network-options.ts';

export interface HostConfig {
  readonly privateKeySeed: Uint8Array;
  readonly listen: readonly string[];
  readonly cloudId: CloudId;
  readonly limits: NetworkLimits;
  readonly bytes: SocketBytes;
  /** Called for every peer seen on the LAN; undefined turns mDNS off. */
  readonly discovered: ((peer: string, addresses: readonly string[]) => void) | undefined;
}

/**
 * A bare libp2p: TCP, Noise, yamux, and none of its services. Identify costs as much as Noise and our hello says
 * more; the connection monitor kills healthy links and wakes idle ones, and the failure detector does its work.
 */
export async function createHost(config: HostConfig): Promise<Libp2p> {
  const { limits, bytes } = config;
  // Pings of our own keep connections alive, so what is silent for this long is dead or hostile.
  const inactivityMs = Math.max(90_000, 3 * limits.pingEveryMs);
  return createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', config.privateKeySeed),
    logger: silentLogger,
    addresses: { listen: [...config.listen] },
    transports: [
      tcp({
        maxConnections: limits.linksMax + 2 * limits.strangersMax,
        inboundSocketInactivityTimeout: inactivityMs,
        outboundSocketInactivityTimeout: inactivityMs,
      }),
    ],
    // It protects nothing: it is where a connection's socket shows itself before Noise hides it.
    connectionProtector: () => ({
      protect: async (connection: MessageStream): Promise<MessageStream> => {
        bytes.watch(connection);
        return connection;
      },
    }),
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        enableKeepAlive: false,
        maxInboundStreams: 64,
        maxOutboundStreams: 64,
        streamOptions: {
          initialStreamWindowSize: 1024 * 1024,
          maxStreamWindowSize: 1024 * 1024,
          maxReadBufferLength: 4 * 1024 * 1024,
          // The default is unbounded.
          maxWriteBufferLength: 4 * 1024 * 1024,
        },
      }),
    ],
    connectionMonitor: { enabled: false },
    connectionManager: {
      // Links and strangers have bounds of their own below this: libp2p would prune whichever connection.
      maxConnections: limits.linksMax + limits.strangersMax,
      maxIncomingPendingConnections: limits.strangersMax,
      inboundConnectionThreshold: limits.connectionsPerSecondPerIp,
      maxParallelDials: limits.linksMax,
      dialTimeout: limits.dialMs,
      addressDialTimeout: Math.min(2000, limits.dialMs),
      inboundUpgradeTimeout: limits.helloMs,
      inboundStreamProtocolNegotiationTimeout: limits.helloMs,
      outboundStreamProtocolNegotiationTimeout: limits.helloMs,
      reconnectRetries: 0,
    },
    peerDiscovery:
      config.discovered === undefined ? [] : [await lan(config.cloudId, config.discovered)],
  });
}

type Discovery = NonNullable<Libp2pOptions['peerDiscovery']>[number];

/** mDNS under a tag that holds half of the cloud id, which is what a DNS label has room for. */
async function lan(
  cloudId: CloudId,
  discovered: (peer: string, addresses: readonly string[]) => void,
): Promise<Discovery> {
  const { mdns } = await import('@libp2p/mdns');
  const create = mdns({ serviceTag: `_p2pcs-${cloudId.slice(0, 32)}._udp.local` });
  return (components) => {
    const discovery = create(components);
    discovery.addEventListener('peer', ({ detail }) =>
      discovered(
        detail.id.toString(),
        detail.multiaddrs.map((address) => address.toString()),
      ),
    );
    return discovery;
  };
}
