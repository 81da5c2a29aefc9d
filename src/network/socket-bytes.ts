import { Socket } from 'node:net';
import type { MessageStream } from '@libp2p/interface';

/**
 * Counts what really crosses the sockets: handshakes, Noise, yamux and relayed calls included, TCP's own headers
 * not. libp2p keeps no such count, so this reads the socket that its TCP connections hold.
 */
export class SocketBytes {
  readonly #open = new Set<Socket>();
  #in = 0;
  #out = 0;

  watch(connection: MessageStream): void {
    const { socket } = connection as { socket?: unknown };
    if (!(socket instanceof Socket)) return;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#in += socket.bytesRead;
      this.#out += socket.bytesWritten;
    });
  }

  total(): { readonly bytesIn: number; readonly bytesOut: number } {
    let [bytesIn, bytesOut] = [this.#in, this.#out];
    for (const socket of this.#open) {
      bytesIn += socket.bytesRead;
      bytesOut += socket.bytesWritten;
    }
    return { bytesIn, bytesOut };
  }
}
