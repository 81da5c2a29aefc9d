import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecordStore } from '../../src/store/record-store.ts';
import { verifyRecord } from '../../src/store/verify-record.ts';
import { AntiEntropyCloud } from '../gossip/anti-entropy-cloud.ts';
import { alice, bob, claimed, env, node1, node2, startMs, written } from '../store/writers.ts';
import { crypto } from '../trust/cloud.ts';
import type { Uid } from '../../src/objects/ids.ts';
import type { Slot, VerifiedRecord } from '../../src/store/record.ts';

const nowMs = startMs + 30_000;
const checks = env();

/**
 * A pool of records that meet in every way: three uids under one name, two owners, two signers, all slots, equal
 * orders, bases, and claims that belong to two of the uids. Signing is slow, so it happens once.
 */
function makePool(): readonly VerifiedRecord[] {
  const pool: VerifiedRecord[] = [];
  const uids = ['u1', 'u2', 'u3'] as Uid[];
  for (const [i, uid] of uids.entries()) {
    for (const peer of [node1, node2]) {
      const first = written({ uid, order: [startMs + i, 0] }, alice, peer);
      const at = (ms: number) => ({ uid, order: [startMs + ms, 0] as [number, number] });
      pool.push(first);
      pool.push(written({ ...at(10), base: first, value: { spec: { size: i } } }, alice, peer));
      pool.push(written({ ...at(10), value: { spec: { size: 9 } } }, alice, peer));
      pool.push(written({ ...at(20 + i), value: { spec: { size: 7 } } }, bob, peer));
      for (const present of [true, false]) {
        const slot: Slot = 'finalizer/p2pcs.io/x';
        pool.push(written({ ...at(present ? 5 : 6), slot, value: { present } }, alice, peer));
      }
      pool.push(written({ ...at(7), slot: 'deleting', value: { at: startMs } }, alice, peer));
    }
    if (i === 2) continue;
    const tombstone = { slot: 'tombstone', value: { at: startMs } } as const;
    pool.push(written({ ...tombstone, uid, order: [startMs + 15, i] }));
    pool.push(written({ ...tombstone, uid, order: [startMs + 15, i] }, bob, node2));
    const ownerReferences = [
      { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', name: 'structures', uid },
    ];
    for (const peer of [node1, node2]) {
      const spec = { peer: peer.certificate.name, peerId: peer.id };
      const value = { metadata: { ownerReferences }, spec };
      const own = `claim-${uid}-${peer.certificate.name}` as Uid;
      pool.push(claimed(peer, { uid: own, order: [1, 1], value }));
      pool.push(claimed(peer, { uid: own, order: [1, 2], value: { ...value, status: { n: 1 } } }));
    }
  }
  return pool;
}

const pool = makePool();

/** Everything that a store answers, in an order that depends on nothing but the set. */
function stateOf(store: RecordStore): unknown {
  const records = [...store.records()].map(({ hash }) => hash).toSorted();
  const shown = store
    .objects()
    .map(({ kind, name, uid, hash, object, finished }) => ({
      kind,
      name,
      uid,
      hash,
      object,
      finished,
    }))
    .toSorted((a, b) => (a.kind + a.name < b.kind + b.name ? -1 : 1));
  return {
    records,
    shown,
    root: Buffer.from(store.digest.rootHash()).toString('hex'),
    bytes: store.bytes,
  };
}

function storeOf(records: Iterable<VerifiedRecord>): RecordStore {
  const store = new RecordStore(crypto);
  for (const record of records) store.offer(record, nowMs);
  return store;
}

/**
 * Without bob, who uses alice's uids: a claim's owner may then be dead for one and live for the other, and whether the
 * claim is garbage is settled only by repeated exchange (the last test), as `RecordStore` says.
 */
const ofAlice = pool.filter(({ body }) => body.owner === 'alice');
const some = fc.subarray(pool.map((_, i) => i));

test('the pool is what a peer would accept', () => {
  for (const record of pool) assert.deepEqual(verifyRecord(record.bytes, checks), { record });
  assert.equal(new Set(pool.map(({ hash }) => hash)).size, pool.length);
});

test('merging is commutative and idempotent: order and repetition of records do not matter', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...ofAlice]), fc.infiniteStream(fc.nat()), (records, dice) => {
      const expected = stateOf(storeOf(records));
      const doubled = records.flatMap((record) => {
        const again = records[(dice.next().value ?? 0) % records.length];
        return again === undefined ? [record] : [again, record];
      });
      const shuffled = doubled
        .map((record) => ({ record, key: dice.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ record }) => record);
      assert.deepEqual(stateOf(storeOf(shuffled)), expected);
      assert.deepEqual(stateOf(storeOf(doubled.toReversed())), expected);
    }),
    { numRuns: 150 },
  );
});

test('merging is associative: replicas may be joined in any grouping', () => {
  const part = fc.subarray([...ofAlice]);
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const left = storeOf([
        ...storeOf([...storeOf(a).records(), ...storeOf(b).records()]).records(),
        ...storeOf(c).records(),
      ]);
      const right = storeOf([
        ...storeOf(a).records(),
        ...storeOf([...storeOf(b).records(), ...storeOf(c).records()]).records(),
      ]);
      assert.deepEqual(stateOf(left), stateOf(right));
      assert.deepEqual(stateOf(left), stateOf(storeOf([...a, ...b, ...c])));
    }),
    { numRuns: 100 },
  );
});

test('what was deleted never shows again, whatever follows', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...pool], { minLength: pool.length - 3 }), (records) => {
      const store = new RecordStore(crypto);
      const deleted = new Set<string>();
      for (const record of records) {
        const { body } = record;
        store.offer(record, nowMs);
        if (body.slot === 'tombstone') deleted.add(`${body.owner} ${body.uid}`);
        for (const { owner, uid } of store.all()) assert.ok(!deleted.has(`${owner} ${uid}`));
      }
    }),
    { numRuns: 100 },
  );
});

test('a conflict is told wherever two writes meet that did not know each other', () => {
  const first = written();
  const branch = (n: number) =>
    written(
      { order: [startMs + n, 0], base: first, value: { spec: { n } } },
      alice,
      n % 2 === 0 ? node1 : node2,
    );
  const branches = [1, 2, 3].map(branch);
  fc.assert(
    fc.property(fc.shuffledSubarray([first, ...branches], { minLength: 4 }), (records) => {
      const store = new RecordStore(crypto);
      const losers = records.flatMap(
        (record) => store.offer(record, nowMs).conflict?.loser.hash ?? [],
      );
      assert.deepEqual(
        losers.toSorted(),
        branches
          .slice(0, 2)
          .map(({ hash }) => hash)
          .toSorted(),
      );
    }),
  );
});

test('the digest of a store that was changed step by step is that of one filled at once', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...ofAlice]), (records) => {
      const store = new RecordStore(crypto);
      for (const record of records) {
        store.offer(record, nowMs);
        store.digest.rootHash();
      }
      const fresh = storeOf(store.records());
      assert.deepEqual(fresh.digest.rootHash(), store.digest.rootHash());
      const ids = Array.from({ length: 256 }, (_, bucket) => store.digest.idsOf(bucket)).flat();
      assert.equal(ids.length, store.size);
      for (const id of ids) assert.ok(store.digest.get(id)?.hash.startsWith(id));
    }),
    { numRuns: 50 },
  );
});

test('altered records change nothing, and arbitrary bytes never throw', () => {
  const target = storeOf(pool);
  const before = stateOf(target);
  const offer = (bytes: Uint8Array): void => {
    const { record } = verifyRecord(bytes, checks);
    if (record !== undefined) target.offer(record, nowMs);
  };
  fc.assert(
    fc.property(
      fc.nat(pool.length - 1),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (index, place, mask) => {
        const bytes = Uint8Array.from(pool[index]?.bytes ?? []);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ mask;
        offer(bytes);
        offer(bytes.subarray(at));
      },
    ),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), offer), { numRuns: 1000 });
  assert.deepEqual(stateOf(target), before);
});

test('replicas that write at random converge by anti-entropy, without pushes and with loss', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(40), some, some, some, (seed, loss, a, b, c) => {
      const cloud = new AntiEntropyCloud(3, checks, { seed, wallMs: nowMs });
      cloud.loss = loss / 100;
      for (const [i, part] of [a, b, c].entries()) {
        // Straight into the store, as if every push had been lost.
        for (const index of part) cloud.at(i).store.offer(pool[index] as VerifiedRecord, nowMs);
      }
      for (let waitedMs = 0; !cloud.areEqual(); waitedMs += 1000) {
        assert.ok(waitedMs < 120_000, 'not equal after two minutes');
        cloud.run(1000);
      }
      const states = [0, 1, 2].map((i) => stateOf(cloud.at(i).store));
      assert.deepEqual(states[1], states[0]);
      assert.deepEqual(states[2], states[0]);
    }),
    { numRuns: 40 },
  );
});
