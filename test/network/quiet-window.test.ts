import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkProtocol } from '../../src/network/greeter.ts';
import { PeerLink } from '../../src/network/peer-link.ts';
import { quietWindow } from '../../src/network/quiet-window.ts';
import { link, pause, TestPeer, withPeers } from './test-cloud.ts';
import type { Stream } from '@libp2p/interface';

const windowBytes = 1024 * 1024;

function insideOf(peer: TestPeer): PeerLink {
  const [only] = peer.network.links();
  assert.ok(only instanceof PeerLink);
  return only;
}

/** The link's own stream, as yamux made it. */
function streamOf(peer: TestPeer): Stream {
  const streams = insideOf(peer).channel?.connection.streams ?? [];
  const stream = streams.find(({ protocol }) => protocol === linkProtocol);
  assert.ok(stream !== undefined);
  return stream;
}

/** Sends small frames, each in a write of its own; the bytes that the receiver sent back meanwhile. */
async function bytesBack(from: TestPeer, to: TestPeer, frames: number): Promise<number> {
  const before = to.network.counters();
  for (let i = 0; i < frames; i++) {
    from.network.send(to.id, 1, new Uint8Array(100));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await to.until(() => to.network.counters().framesIn === before.framesIn + frames);
  // What answers the last frame leaves a little later.
  await pause(50);
  return to.network.counters().bytesOut - before.bytesOut;
}

test('a small frame is not answered by a window update', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    const quiet = await bytesBack(a, b, 1000);
    // The same link, the same run, with yamux's own way at the receiver.
    assert.ok(Reflect.deleteProperty(streamOf(b), 'sendWindowUpdate'));
    const loud = await bytesBack(a, b, 1000);
    assert.ok(loud > 12 * 1000, `yamux sent ${loud} bytes back: this test measures something else`);
    assert.ok(quiet * 10 < loud, `${quiet} bytes back instead of ${loud}`);
  });
});

test('twenty megabytes each way pass in the largest frames, in order, in bounded memory', async () => {
  const count = 40;
  const arrived = new Map<TestPeer, number>();
  let buffered = 0;
  const peers = ['a', 'b'].map((name) => {
    const peer: TestPeer = new TestPeer(name, {
      onFrame: (_from, _family, payload) => {
        const at = arrived.get(peer) ?? 0;
        assert.equal(payload[0], at);
        assert.equal(payload.length, 512 * 1024 - 1);
        assert.equal(payload.at(-1), at);
        arrived.set(peer, at + 1);
        buffered = Math.max(buffered, streamOf(peer).readBufferLength);
      },
    });
    return peer;
  });
  await withPeers(peers, async (a, b) => {
    await link(a, b);
    const transfer = async (from: TestPeer, to: TestPeer): Promise<void> => {
      const { queue } = insideOf(from);
      for (let i = 0; i < count; i++) {
        while (queue.bytes > windowBytes) await pause(1);
        from.network.send(to.id, 1, new Uint8Array(512 * 1024 - 1).fill(i));
      }
      await to.until(() => arrived.get(to) === count);
    };
    await Promise.all([transfer(a, b), transfer(b, a)]);
    assert.deepEqual([...a.of('unreachable'), ...b.of('unreachable')], []);
    assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
    assert.ok(buffered <= windowBytes, `${buffered} bytes waited to be read`);
  });
});

test('a receiver that pauses gets its window full and no more, and all of it in the end', async () => {
  const slow = { bytesPerSecond: 2 * 1024 * 1024, frameBytesMax: 512 * 1024 };
  const count = 12;
  await withPeers([new TestPeer('a'), new TestPeer('b', { limits: slow })], async (a, b) => {
    await link(a, b);
    for (let i = 0; i < count; i++) {
      while (insideOf(a).queue.bytes > windowBytes) await pause(1);
      a.network.send(b.id, 1, new Uint8Array(256 * 1024).fill(65 + i));
      await pause(1);
      assert.ok(streamOf(b).readBufferLength <= windowBytes);
    }
    let held = 0;
    await b.until(() => {
      held = Math.max(held, streamOf(b).readBufferLength);
      return b.of('frame').length === count;
    });
    assert.ok(held > windowBytes / 2, `only ${held} bytes ever waited: nothing was held back`);
    assert.ok(held <= windowBytes, `${held} bytes waited to be read`);
    assert.deepEqual(
      b.of('frame').map(({ text }) => text.charCodeAt(7) - 65),
      Array.from({ length: count }, (_, i) => i),
    );
  });
});

test('a flag that is due leaves at once, and so does the grant of half a window', () => {
  let updates = 0;
  const stream = {
    state: 2,
    recvWindow: 1000,
    recvWindowCapacity: 990,
    sendWindowUpdate: () => {
      updates++;
    },
  };
  quietWindow(stream as unknown as Stream);
  stream.sendWindowUpdate();
  assert.equal(updates, 1, 'an ACK is due');
  stream.state = 3;
  stream.sendWindowUpdate();
  assert.equal(updates, 1);
  stream.recvWindowCapacity = 500;
  stream.sendWindowUpdate();
  assert.equal(updates, 2);
});

test('a stream of another make is left as it is', () => {
  const sendWindowUpdate = (): void => {};
  const stream = { window: 1000, sendWindowUpdate };
  quietWindow(stream as unknown as Stream);
  assert.equal(stream.sendWindowUpdate, sendWindowUpdate);
});
