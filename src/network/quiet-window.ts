import type { Stream } from '@libp2p/interface';

/** yamux's StreamState.Established: no SYN or ACK is due, and reading is not paused. */
const established = 3;

/** What yamux keeps about one stream's receiving side. */
interface ReceiveWindow {
  readonly state: number;
  /** Bytes of a full window. */
  readonly recvWindow: number;
  /** Bytes that the sender may still send. */
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/**
 * Makes yamux grant a stream's sender new window when half of it is used, not after every frame: an update is a write
 * of its own, so that each small frame cost two. A sender that waits has used all of its window, hence more than half,
 * hence is granted more as soon as that has arrived; what may be in flight stays the same. A yamux whose insides look
 * otherwise is left alone.
 */
export function quietWindow(stream: Stream): void {
  if (!hasReceiveWindow(stream)) return;
  const update = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = (): void => {
    if (stream.state === established && stream.recvWindowCapacity > stream.recvWindow / 2) return;
    update();
  };
}

function hasReceiveWindow(stream: object): stream is ReceiveWindow {
  const { state, recvWindow, recvWindowCapacity, sendWindowUpdate } =
    stream as Partial<ReceiveWindow>;
  return (
    typeof state === 'number' &&
    typeof recvWindow === 'number' &&
    typeof recvWindowCapacity === 'number' &&
    typeof sendWindowUpdate === 'function'
  );
}
