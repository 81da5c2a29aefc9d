import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/lib/hex.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from '../../src/gossip/anti-entropy/message.ts';
import { crypto, TestCloud } from '../trust/cloud.ts';
import { makeOwnerRecord } from '../../src/store/make-record.ts';
import { claimed, env, node1, sliceDraft, startMs, written } from '../store/writers.ts';
import { AntiEntropyCloud } from './anti-entropy-cloud.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { VerifiedRecord } from '../../src/store/record.ts';

const wallMs = startMs + 1_000_000;
const checks = env();

function cloudOf(count: number, seed = 1, config = {}): AntiEntropyCloud {
  return new AntiEntropyCloud(count, checks, { seed, wallMs, config });
}

/** A record that is in order, in another cloud. */
function recordOf(other: TestCloud): VerifiedRecord {
  const owner = other.owner('alice');
  const peer = other.peer('node1', owner);
  const certificates = {
    owner: owner.certificate.encoded,
    delegation: other.delegation(owner, peer).encoded,
  };
  const made = makeOwnerRecord(peer.signer, certificates, { ...sliceDraft, name: 'odd' }, crypto);
  return made.record ?? assert.fail(made.reason);
}

const many: readonly VerifiedRecord[] = Array.from({ length: 300 }, (_, i) =>
  written({ name: `slice-${i}`, order: [startMs + i, 0] }),
);

test('a write reaches everybody by push alone, and each checks it once', () => {
  const cloud = cloudOf(8);
  cloud.write(cloud.at(0), [many[0] as VerifiedRecord]);
  cloud.run(200);
  assert.ok(cloud.areEqual());
  for (const replica of [...cloud.replicas.values()].slice(1)) assert.equal(replica.checked, 1);
});

test('a record is not pushed back to whom it came from', () => {
  const cloud = cloudOf(2, 1, { changingMs: 1e9, quietMinMs: 1e9, quietMaxMs: 1e9 });
  cloud.run(1000);
  const before = cloud.messages;
  cloud.write(cloud.at(0), [many[0] as VerifiedRecord]);
  cloud.run(1000);
  assert.equal(cloud.messages - before, 1);
});

test('large records are pushed by id and fetched once', () => {
  const cloud = cloudOf(5);
  const large = written({ value: { spec: { text: 'x'.repeat(100_000) } } });
  cloud.write(cloud.at(0), [large]);
  cloud.run(400);
  assert.ok(cloud.areEqual());
  assert.ok(cloud.bytes < 5 * 100_000 + 20_000, `${cloud.bytes} bytes for four copies`);
});

test('with a third of all messages lost, every record arrives', () => {
  for (const seed of [1, 2, 3]) {
    const cloud = cloudOf(6, seed);
    cloud.loss = 0.33;
    for (let i = 0; i < 60; i++) {
      cloud.write(cloud.at(i % 6), [many[i] as VerifiedRecord]);
      cloud.run(50);
    }
    cloud.run(15_000);
    assert.ok(cloud.areEqual(), `seed ${seed}`);
    assert.equal(cloud.at(0).store.size, 60);
  }
});

test('a joiner gets everything from one neighbour within an exchange', () => {
  const cloud = cloudOf(3);
  const joiner = cloud.at(2);
  const neighbours = joiner.neighbours;
  joiner.neighbours = [];
  cloud.write(cloud.at(0), many);
  cloud.run(1000);
  assert.equal(joiner.store.size, 0);
  joiner.neighbours = neighbours;
  cloud.linkUp(joiner, cloud.at(0));
  cloud.run(300);
  assert.equal(joiner.store.size, many.length);
  assert.equal(joiner.checked, many.length);
  assert.ok(joiner.antiEntropy.synced().has(cloud.at(0).id));
});

test('both sides of a healed partition get what the other wrote', () => {
  const cloud = cloudOf(4);
  const all = new Map([...cloud.replicas.values()].map((each) => [each.id, each.neighbours]));
  const ids = [...cloud.replicas.keys()];
  for (const [i, replica] of [...cloud.replicas.values()].entries()) {
    replica.neighbours = ids.filter((id, j) => id !== replica.id && i < 2 === j < 2);
  }
  cloud.write(cloud.at(0), many.slice(0, 50));
  cloud.write(cloud.at(3), many.slice(50, 100));
  cloud.run(2000);
  assert.equal(cloud.at(1).store.size, 50);
  for (const replica of cloud.replicas.values()) replica.neighbours = all.get(replica.id) ?? [];
  cloud.linkUp(cloud.at(1), cloud.at(2));
  cloud.run(500);
  assert.ok(cloud.areEqual());
  assert.equal(cloud.at(0).store.size, 100);
});

test('when the sets are equal an exchange is two small messages, and quiet ones are seconds apart', () => {
  const cloud = cloudOf(2);
  cloud.write(cloud.at(0), many);
  cloud.run(10_000);
  const [messages, bytes] = [cloud.messages, cloud.bytes];
  cloud.run(60_000);
  const exchanges = (cloud.messages - messages) / 2;
  assert.ok(exchanges >= 12 && exchanges <= 25, `${exchanges} exchanges of two peers in a minute`);
  assert.ok(cloud.bytes - bytes <= exchanges * 44, `${cloud.bytes - bytes} bytes`);
});

test('equality with a peer that is still syncing proves nothing', () => {
  const cloud = cloudOf(2);
  const [a, b] = [cloud.at(0), cloud.at(1)];
  b.isSyncing = true;
  cloud.linkUp(a, b);
  cloud.run(3000);
  assert.deepEqual([...a.antiEntropy.synced()], []);
  assert.deepEqual([...b.antiEntropy.synced()], [a.id]);
  b.isSyncing = false;
  cloud.run(15_000);
  assert.deepEqual([...a.antiEntropy.synced()], [b.id]);
});

test('a record that is refused is not fetched over and over, and does not keep a peer from being synced', () => {
  const cloud = cloudOf(2);
  const [a, b] = [cloud.at(0), cloud.at(1)];
  const other = new TestCloud('other');
  const foreign = recordOf(other);
  a.store.offer(foreign, wallMs);
  a.store.offer(many[0] as VerifiedRecord, wallMs);
  cloud.linkUp(b, a);
  cloud.run(60_000);
  assert.equal(b.store.size, 1);
  assert.ok(b.checked <= 3, `${b.checked} checks`);
  assert.ok(b.antiEntropy.synced().has(a.id));
});

test('losing a neighbour starts an exchange with another at once', () => {
  const cloud = cloudOf(3, 1, { changingMs: 1e9, quietMinMs: 1e9, quietMaxMs: 1e9 });
  cloud.run(1000);
  const [a, b, c] = [cloud.at(0), cloud.at(1), cloud.at(2)];
  b.store.offer(many[0] as VerifiedRecord, wallMs);
  a.neighbours = [b.id];
  const sent: PeerId[] = [];
  a.antiEntropy.linkLost(c.id, {
    nowMs: cloud.nowMs,
    random: { next: () => 0, int: () => 0, fork: () => assert.fail() },
    send: (to) => sent.push(to),
  });
  assert.deepEqual(sent, [b.id]);
});

test('of a flood from one neighbour only so much is checked', () => {
  const cloud = cloudOf(2, 1, { offersPerSecond: 10, offersBurst: 20 });
  const target = cloud.at(1);
  const forged = many.slice(0, 100).map(({ bytes }) => {
    const altered = Uint8Array.from(bytes);
    altered[40] = (altered[40] as number) ^ 1;
    return altered;
  });
  cloud.deliver(
    target,
    cloud.at(0).id,
    encodeMessage({ type: 'records', isEnd: false, records: forged }),
  );
  assert.equal(target.checked, 20);
  assert.equal(target.antiEntropy.dropped, 80);
  assert.equal(target.store.size, 0);
});

test('arbitrary bytes and arbitrary messages never throw and change nothing', () => {
  const cloud = cloudOf(2);
  const target = cloud.at(0);
  target.store.offer(claimed(node1), wallMs);
  const root = target.store.digest.rootHash();
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toHex(bytes));
  const ids = fc.array(id, { maxLength: 5 });
  const flag = fc.boolean();
  const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
    fc
      .uint8Array({ minLength: length, maxLength: length, size: 'max' })
      .map((b) => Uint8Array.from(b));
  const buckets = fc
    .uniqueArray(fc.nat(255), { maxLength: 5 })
    .chain((chosen) =>
      fc.tuple(...chosen.map((bucket) => ids.map((each) => ({ bucket, ids: each })))),
    );
  const records = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 });
  const message: fc.Arbitrary<Message> = fc.oneof(
    fc
      .tuple(flag, bytesOf(32))
      .map(([isSyncing, root]) => ({ type: 'digest', isSyncing, root }) as const),
    flag.map((isSyncing) => ({ type: 'same', isSyncing }) as const),
    fc.tuple(flag, fc.nat(255)).map(
      ([isSyncing, fill]) =>
        ({
          type: 'buckets',
          isSyncing,
          root: new Uint8Array(32).fill(fill),
          hashes: new Uint8Array(4096).fill(fill),
        }) as const,
    ),
    fc
      .tuple(flag, buckets)
      .map(([isPartial, all]) => ({ type: 'ids', isPartial, buckets: all }) as const),
    fc
      .tuple(flag, flag, ids)
      .map(
        ([isAnswer, isPartial, all]) => ({ type: 'have', isAnswer, isPartial, ids: all }) as const,
      ),
    ids.map((all) => ({ type: 'want', ids: all }) as const),
    fc
      .tuple(flag, records)
      .map(([isEnd, all]) => ({ type: 'records', isEnd, records: all }) as const),
  );
  fc.assert(
    fc.property(message, fc.uint8Array({ maxLength: 300 }), (sensible, bytes) => {
      const encoded = encodeMessage(sensible);
      assert.deepEqual(decodeMessage(encoded), sensible);
      cloud.nowMs += 1000;
      cloud.deliver(target, 'mallory' as PeerId, encoded);
      cloud.deliver(target, 'mallory' as PeerId, bytes);
      cloud.deliver(target, 'mallory' as PeerId, encoded.subarray(0, encoded.length - 1));
      assert.deepEqual(target.store.digest.rootHash(), root);
    }),
    { numRuns: 500 },
  );
});
