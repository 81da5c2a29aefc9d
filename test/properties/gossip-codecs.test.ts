// What peers send each other: every message reads back as it was, and no bytes do harm, whoever made them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import { decodeAveraging, encodeAveraging } from '../../src/gossip/aggregation/message.ts';
import {
  decodeMessage,
  encodeMessage,
  idsMax,
  type Message,
} from '../../src/gossip/anti-entropy/message.ts';
import { addressesMax, encodeFields } from '../../src/gossip/codec.ts';
import { ageMax } from '../../src/gossip/descriptor.ts';
import {
  decodeDetector,
  encodeDetector,
  updatesMax,
  type Update,
} from '../../src/gossip/failure-detector/message.ts';
import { decodeOverlay } from '../../src/gossip/overlay.ts';
import { decodeSampling, encodeSampling } from '../../src/gossip/peer-sampling/message.ts';
import { PeerIdWire } from '../../src/gossip/peer-id-wire.ts';
import { decodeTMan, encodeTMan } from '../../src/gossip/t-man/message.ts';
import { peerIdOf } from '../gossip/simulated-cloud.ts';
import type { DetectorMessage } from '../../src/gossip/failure-detector/message.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { SamplingMessage } from '../../src/gossip/peer-sampling/message.ts';
import type { TManMessage } from '../../src/gossip/t-man/message.ts';

fc.configureGlobal({ seed: 22 });

const wire = new PeerIdWire();
const keyed = Array.from({ length: 12 }, (_, index) => peerIdOf(index));
const peer = fc.oneof(
  fc.constantFrom(...keyed),
  fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/).map((text) => text as PeerId),
);
const count = fc.maxSafeNat();
const small = fc.nat(0xffff_ffff);
const real = fc.double({ min: -1e18, max: 1e18, noNaN: true }).map((value) => value + 0);
const address = fc.string({ minLength: 1, maxLength: 160 });
const addresses = fc.array(address, { maxLength: addressesMax });
const ringEntry = fc.record({ peer, boot: count, incarnation: count });
const recordId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const updateBase = { peer, boot: count, incarnation: count };
const required = { requiredKeys: ['peer', 'boot', 'incarnation', 'state'] } as const;
const update: fc.Arbitrary<Update> = fc.oneof(
  fc.record(
    { ...updateBase, state: fc.constant('alive' as const), addresses },
    { requiredKeys: [...required.requiredKeys] },
  ),
  fc.record(
    { ...updateBase, state: fc.constant('suspect' as const), suspectedBy: peer },
    { requiredKeys: [...required.requiredKeys] },
  ),
  fc.record({ ...updateBase, state: fc.constant('away' as const), awayForMs: fc.nat(3_600_000) }),
  fc.record({ ...updateBase, state: fc.constant('dead' as const), reset: fc.boolean() }),
);
const updates = fc.array(update, { maxLength: 12 });

interface Codec<T> {
  readonly name: string;
  readonly message: fc.Arbitrary<T>;
  readonly encode: (message: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T | undefined;
  /** No message of more bytes is looked at. */
  readonly bytesMax: number;
  /** Whether a decoded message keeps the bounds on what it lists. */
  readonly isBounded: (message: T) => boolean;
}

const codec = <T>(one: Codec<T>): Codec<unknown> => one as unknown as Codec<unknown>;

const codecs: readonly Codec<unknown>[] = [
  codec<SamplingMessage>({
    name: 'peer sampling',
    message: fc.record({
      type: fc.constantFrom('push' as const, 'pull' as const),
      exchange: small,
      descriptors: fc.array(fc.record({ peer, age: fc.nat(ageMax), addresses }), { maxLength: 8 }),
    }),
    encode: (message) => encodeSampling(message, wire),
    decode: (bytes) => decodeSampling(bytes, wire),
    bytesMax: 64 * 1024,
    isBounded: ({ descriptors }) => descriptors.length <= 64,
  }),
  codec<TManMessage>({
    name: 't-man',
    message: fc.record({
      type: fc.constantFrom('ask' as const, 'answer' as const, 'leave' as const),
      entries: fc.array(ringEntry, { minLength: 1, maxLength: 20 }),
      tombstones: fc.array(ringEntry, { maxLength: 20 }),
    }),
    encode: (message) => encodeTMan(message, wire),
    decode: (bytes) => decodeTMan(bytes, wire),
    bytesMax: 16 * 1024,
    isBounded: ({ entries, tombstones }) => entries.length <= 128 && tombstones.length <= 20,
  }),
  codec({
    name: 'averaging',
    message: fc.record({
      type: fc.constantFrom('ask' as const, 'answer' as const),
      epoch: fc.nat(2 ** 31 - 1),
      version: fc.nat(2 ** 31 - 1),
      items: fc.array(fc.record({ key: real, flow: real, estimate: real }), { maxLength: 60 }),
    }),
    encode: encodeAveraging,
    decode: decodeAveraging,
    bytesMax: 8 * 1024,
    isBounded: ({ items }) => items.length <= 128,
  }),
  codec<DetectorMessage>({
    name: 'failure detector',
    message: fc.oneof(
      fc.record({ type: fc.constantFrom('ping' as const, 'ack' as const), number: count, updates }),
      fc.record({ type: fc.constant('ask' as const), number: count, target: peer }),
      fc.record({ type: fc.constant('nack' as const), number: count }),
      fc.record({ type: fc.constantFrom('news' as const, 'table' as const), updates }),
      fc.record({ type: fc.constant('digest' as const), digest: count }),
    ),
    encode: (message) => encodeDetector(message, wire),
    decode: (bytes) => decodeDetector(bytes, wire),
    bytesMax: 128 * 1024,
    isBounded: (message) => !('updates' in message) || message.updates.length <= updatesMax,
  }),
  codec<Message>({
    name: 'anti-entropy',
    message: fc.oneof(
      fc.record({
        type: fc.constant('digest' as const),
        isSyncing: fc.boolean(),
        root: bytesOf(32),
      }),
      fc.record({ type: fc.constant('same' as const), isSyncing: fc.boolean() }),
      fc.record({
        type: fc.constant('ids' as const),
        isPartial: fc.boolean(),
        buckets: fc.uniqueArray(
          fc.record({ bucket: fc.nat(255), ids: fc.array(recordId, { maxLength: 5 }) }),
          { selector: ({ bucket }) => bucket, maxLength: 6 },
        ),
      }),
      fc.record({
        type: fc.constant('have' as const),
        isAnswer: fc.boolean(),
        isPartial: fc.boolean(),
        ids: fc.array(recordId, { maxLength: 9 }),
      }),
      fc.record({ type: fc.constant('want' as const), ids: fc.array(recordId, { maxLength: 9 }) }),
      fc.record({
        type: fc.constant('records' as const),
        isEnd: fc.boolean(),
        records: fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }),
      }),
    ),
    encode: encodeMessage,
    decode: decodeMessage,
    bytesMax: 300 * 1024,
    isBounded: (message) => !('ids' in message) || message.ids.length <= idsMax,
  }),
  codec({
    name: 'overlay',
    message: fc.record({
      uid: fc.string({ minLength: 1, maxLength: 64 }),
      protocol: fc.constantFrom('sampling' as const, 't-man' as const),
      message: fc.uint8Array({ maxLength: 60 }),
    }),
    encode: ({ uid, protocol, message }) =>
      encodeFields([uid, protocol === 'sampling' ? 0 : 1, message]),
    decode: decodeOverlay,
    bytesMax: 64 * 1024,
    isBounded: ({ uid }) => uid.length <= 64,
  }),
];

/** Values of the shapes that messages have, so that decoding gets far. */
const nonsense = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.nat(8),
    count,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(...keyed),
    fc.uint8Array({ maxLength: 40 }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 7 }),
  ),
})).value;

/** A head of CBOR that claims more than there is, or whatever: the beginning of every attack on memory. */
const claim = fc
  .tuple(
    fc.nat(7),
    fc.constantFrom(24, 25, 26, 27, 31),
    bytesOf(8),
    fc.uint8Array({ maxLength: 9 }),
  )
  .map(([major, minor, length, rest]) => Uint8Array.of((major << 5) | minor, ...length, ...rest));

for (const { name, message, encode: write, decode, bytesMax, isBounded } of codecs) {
  describe(`messages of ${name}`, () => {
    const check = (bytes: Uint8Array): void => {
      const decoded = decode(bytes);
      assert.ok(decoded === undefined || isBounded(decoded));
    };

    it('read back as they were written', () => {
      fc.assert(
        fc.property(message, (sent) => {
          assert.deepEqual(decode(write(sent)), structuredClone(sent));
        }),
        { numRuns: 250 },
      );
    });

    it('that were cut or altered are read as a message within the bounds or as none', () => {
      fc.assert(
        fc.property(message, fc.nat(), fc.nat(255), (sent, place, byte) => {
          const bytes = Uint8Array.from(write(sent));
          const at = place % bytes.length;
          assert.equal(decode(bytes.subarray(0, at)), undefined, 'a part is no message');
          assert.equal(decode(Uint8Array.of(...bytes, byte)), undefined, 'nothing may follow');
          bytes[at] = byte;
          check(bytes);
        }),
        { numRuns: 250 },
      );
    });

    it('may be any bytes or any values: nothing throws, and no list outgrows its bound', () => {
      const inside = fc.array(nonsense, { maxLength: 9 }).map((fields) => encode(fields));
      const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), inside, claim);
      fc.assert(fc.property(bytes, check), { numRuns: 1200 });
    });

    it('above the bound in bytes are not looked at, and long lists are refused', () => {
      for (const filler of [0, []]) {
        for (const length of [129, 5000]) {
          const fields = Array.from({ length }, () => filler);
          for (const type of [0, 1, 2, 4]) {
            check(encode([type, ...fields]));
            check(encode([type, 0, ...fields]));
            check(encode([type, fields, fields]));
          }
        }
      }
      const long = new Uint8Array(bytesMax + 1);
      long.set(encode([0, 0, new Uint8Array(bytesMax - 10)]).subarray(0, bytesMax + 1));
      assert.equal(decode(long), undefined);
    });
  });
}
