import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameDecoder } from '../../src/network/frame-decoder.ts';
import { SendQueue } from '../../src/network/send-queue.ts';

test('frames come out as they went in, however the bytes were cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 97 })),
      (payloads, cuts) => {
        const wire = Buffer.concat(payloads.map((payload, i) => encodeFrame(i, payload)));
        const decoder = new FrameDecoder(301);
        const seen: Uint8Array[] = [];
        for (let at = 0; at < wire.length;) {
          const end = at + (cuts.next().value as number);
          const fault = decoder.push(wire.subarray(at, end), (frame) => seen.push(frame) > 0);
          assert.equal(fault, undefined);
          at = end;
        }
        assert.deepEqual(
          seen.map((frame) => [frame[0], ...frame.subarray(1)]),
          payloads.map((payload, i) => [i, ...payload]),
        );
      },
    ),
  );
});

test('a frame is its own memory, not a view of what the network reuses', () => {
  const wire = encodeFrame(1, Uint8Array.of(1, 2, 3));
  const seen: Uint8Array[] = [];
  new FrameDecoder(10).push(wire, (frame) => seen.push(frame) > 0);
  wire.fill(0);
  assert.deepEqual(seen, [Uint8Array.of(1, 1, 2, 3)]);
});

test('a length above the bound, or of nothing, is a fault before any memory is taken', () => {
  const push = (bytes: Uint8Array): string | undefined =>
    new FrameDecoder(100).push(bytes, () => true);
  assert.equal(push(Uint8Array.of(0, 0, 0, 101)), 'oversize frame');
  assert.equal(push(Uint8Array.of(255, 255, 255, 255)), 'oversize frame');
  assert.equal(push(Uint8Array.of(0, 0, 0, 0)), 'empty frame');
  assert.equal(push(encodeFrame(1, new Uint8Array(99))), undefined);
});

test('a queue hands out everything once, in order, in batches no larger than asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 120 }),
      (sizes, batchMax) => {
        const queue = new SendQueue(100_000);
        const frames = sizes.map((size, i) => new Uint8Array(size).fill(i));
        for (const frame of frames) assert.ok(queue.push(frame));
        const out: number[] = [];
        for (let batch = queue.takeBatch(batchMax); batch; batch = queue.takeBatch(batchMax)) {
          assert.ok(batch.length <= Math.max(batchMax, 50));
          out.push(...batch);
        }
        assert.deepEqual(Buffer.from(out), Buffer.concat(frames));
        assert.deepEqual([queue.bytes, queue.frames], [0, 0]);
      },
    ),
  );
});

test('a queue takes no byte above its bound, and takes again after a batch has left', () => {
  const queue = new SendQueue(100);
  assert.ok(queue.push(new Uint8Array(60)));
  assert.equal(queue.push(new Uint8Array(41)), false);
  assert.ok(queue.push(new Uint8Array(40)));
  queue.takeBatch(60);
  assert.ok(queue.push(new Uint8Array(60)));
  assert.ok(queue.clear());
  assert.equal(queue.clear(), false);
});
