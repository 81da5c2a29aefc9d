// The network's first reader of what strangers send: any bytes, cut anyhow, against a reader too simple to be wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder } from '../../src/network/frame-decoder.ts';
import { callIdOf } from '../../src/network/call-frames.ts';
import { decodeError, decodeMethod, decodeRequest } from '../../src/network/relay-frames.ts';

fc.configureGlobal({ seed: 23 });

const bytesMax = 64;

interface Reading {
  readonly frames: number[][];
  readonly fault?: string;
}

/** All bytes at once. */
function readSimply(bytes: readonly number[]): Reading {
  const frames: number[][] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = Number.parseInt(Buffer.from(bytes.slice(at, at + 4)).toString('hex'), 16);
    if (length === 0) return { frames, fault: 'empty frame' };
    if (length > bytesMax) return { frames, fault: 'oversize frame' };
    if (at + 4 + length > bytes.length) break;
    frames.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames };
}

/** Frames, most of a length within the bound, and noise. */
const stream = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .uint8Array({ minLength: 1, maxLength: bytesMax })
          .map((frame) => [0, 0, 0, frame.length, ...frame]),
      },
      { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 9 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom([0, 0, 0, 0], [0, 0, 0, bytesMax + 1], [255, 255, 255, 255]),
      },
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.flat());

test('any bytes, cut anyhow, are the frames that a plain reader sees, up to the same fault', () => {
  fc.assert(
    fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 90 })), (bytes, cuts) => {
      const decoder = new FrameDecoder(bytesMax);
      const frames: number[][] = [];
      let fault: string | undefined;
      for (let at = 0; at < bytes.length && fault === undefined;) {
        const end = at + (cuts.next().value ?? 1);
        fault = decoder.push(Uint8Array.from(bytes.slice(at, end)), (frame) => {
          // What is handed over is all the memory that was taken for it.
          assert.ok(frame.buffer.byteLength <= bytesMax && frame.length > 0);
          frames.push([...frame]);
          return true;
        });
        at = end;
      }
      const plain = readSimply(bytes);
      assert.deepEqual({ frames, fault }, { fault: undefined, ...plain });
    }),
    { numRuns: 2000 },
  );
});

test('a length that is too large is refused with its fourth byte, before a byte of the frame', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: bytesMax + 1, max: 0xffff_ffff }),
      fc.boolean(),
      (length, bytewise) => {
        const header = new Uint8Array(4);
        new DataView(header.buffer).setUint32(0, length);
        const decoder = new FrameDecoder(bytesMax);
        const push = (bytes: Uint8Array): string | undefined => decoder.push(bytes, () => true);
        const parts = bytewise ? [...header].map((byte) => Uint8Array.of(byte)) : [header];
        const faults = parts.map(push);
        assert.equal(faults.at(-1), 'oversize frame');
        assert.ok(faults.slice(0, -1).every((fault) => fault === undefined));
      },
    ),
    { numRuns: 500 },
  );
});

test('a receiver that stops gets no further frame of that push', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (count, stopAt) => {
      const bytes = Uint8Array.from(
        Array.from({ length: count }, (_, i) => [0, 0, 0, 1, i]).flat(),
      );
      let seen = 0;
      const decoder = new FrameDecoder(bytesMax);
      assert.equal(
        decoder.push(bytes, () => ++seen < stopAt),
        undefined,
      );
      assert.equal(seen, Math.min(count, stopAt));
    }),
  );
});

test('what is in a frame may be any bytes: calls, requests and errors are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      for (const request of [decodeMethod(bytes), decodeRequest(bytes)]) {
        if (request === undefined) continue;
        assert.ok(request.method.length <= 64);
        assert.ok(request.body.length < bytes.length);
      }
      assert.equal(callIdOf(bytes) === undefined, bytes.length < 4);
      assert.ok(decodeError(bytes).message.length > 0);
    }),
    { numRuns: 2000 },
  );
});
