import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import { RecordStore, type StoreChange } from '../../src/store/record-store.ts';
import { crypto } from '../trust/cloud.ts';
import { alice, bob, claimed, node1, node2, startMs, written } from './writers.ts';
import type { Uid } from '../../src/objects/ids.ts';

const day = 24 * 3600 * 1000;
const tombstone = { slot: 'tombstone', value: { at: startMs } } as const;

function at(ms: number): { order: [number, number] } {
  return { order: [startMs + ms, 0] };
}

test('an object is assembled from its slots', () => {
  const store = new RecordStore(crypto);
  const value = {
    apiVersion: 'p2pcs.io/v1alpha1',
    metadata: { labels: { app: 'solver', bad: 3 }, annotations: {}, name: 'forged', uid: 'forged' },
    spec: { size: 5 },
  };
  store.offer(written({ value }), startMs);
  const finalizer = { slot: 'finalizer/p2pcs.io/b', value: { present: true } } as const;
  store.offer(written(finalizer), startMs);
  store.offer(written({ ...finalizer, slot: 'finalizer/a' }), startMs);
  const stored = store.get(kindKeys.slice, 'default', 'structures');
  assert.deepEqual(stored?.object, {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Slice',
    metadata: {
      name: 'structures',
      namespace: 'default',
      uid: 'u1',
      creationTimestamp: '2023-11-14T22:13:21Z',
      labels: { app: 'solver' },
      finalizers: ['a', 'p2pcs.io/b'],
    },
    spec: { size: 5 },
  });
  assert.equal(stored.owner, 'alice');
  assert.equal(stored.signer, node1.id);
  assert.equal(stored.finished, false);
  store.offer(written({ slot: 'deleting', value: { at: startMs + 5000 } }), startMs);
  const deleting = store.get(kindKeys.slice, 'default', 'structures');
  assert.equal(deleting?.object.metadata.deletionTimestamp, '2023-11-14T22:13:26Z');
  for (const slot of ['finalizer/a', 'finalizer/p2pcs.io/b'] as const) {
    store.offer(written({ slot, ...at(10), value: { present: false } }), startMs);
  }
  assert.equal(store.get(kindKeys.slice, 'default', 'structures')?.finished, true);
});

test('the spec hash depends on the spec alone, not on the order of its keys', () => {
  const hashOf = (value: object, changes = {}): string | undefined => {
    const store = new RecordStore(crypto);
    store.offer(written({ value: { metadata: {}, ...value }, ...changes }), startMs);
    return store.get(kindKeys.slice, 'default', 'structures')?.specHash;
  };
  const hash = hashOf({ spec: { size: 5, exclude: ['a'] } });
  assert.match(hash ?? '', /^[0-9a-f]{32}$/);
  assert.equal(
    hashOf({ spec: { exclude: ['a'], size: 5 }, metadata: { labels: { a: 'b' } } }, at(1)),
    hash,
  );
  assert.notEqual(hashOf({ spec: { exclude: ['a'], size: 6 } }), hash);
});

test('a deletion beats every edit, before and after it, and is not undone', () => {
  const store = new RecordStore(crypto);
  const first = written();
  assert.equal(store.offer(first, startMs).outcome, 'new');
  const gone = store.offer(written({ ...tombstone, ...at(1), base: first }), startMs);
  assert.deepEqual([gone.outcome, gone.dropped, gone.conflict], ['new', [first], undefined]);
  const later = store.offer(written({ ...at(100), base: first }), startMs);
  assert.deepEqual([later.outcome, later.reason], ['refused', 'deleted']);
  assert.equal(store.get(kindKeys.slice, 'default', 'structures'), undefined);
  assert.ok(store.isDeleted(kindKeys.slice, 'default', 'structures', 'u1' as Uid));
  const again = store.offer(written({ ...at(200), uid: 'u2' as Uid }), startMs);
  assert.deepEqual([again.outcome, again.conflict], ['new', undefined]);
  assert.equal(store.get(kindKeys.slice, 'default', 'structures')?.uid, 'u2');
});

test('a write that did not know the other is a conflict, one that did is none', () => {
  const first = written();
  const second = written({ ...at(1), base: first, value: { spec: { size: 6 } } });
  const third = written({ ...at(2), base: second, value: { spec: { size: 7 } } });
  const rival = written({ ...at(3), base: first, value: { spec: { size: 8 } } }, alice, node2);
  const straight = new RecordStore(crypto);
  for (const record of [first, second, third]) {
    assert.equal(straight.offer(record, startMs).conflict, undefined);
  }
  assert.deepEqual(straight.offer(rival, startMs).conflict, { winner: rival, loser: third });
  const skipping = new RecordStore(crypto);
  skipping.offer(first, startMs);
  assert.equal(skipping.offer(third, startMs).conflict, undefined, 'the second was never seen');
  assert.equal(skipping.offer(second, startMs).conflict, undefined, 'it comes late');
  const losing = new RecordStore(crypto);
  losing.offer(rival, startMs);
  assert.deepEqual(losing.offer(third, startMs).conflict, { winner: rival, loser: third });
  const deleting = new RecordStore(crypto);
  deleting.offer(rival, startMs);
  const blind = written({ ...tombstone, ...at(4), base: third });
  assert.deepEqual(deleting.offer(blind, startMs).conflict, { winner: blind, loser: rival });
});

test('history too long to tell is no conflict, and a long straight line never one', () => {
  const store = new RecordStore(crypto);
  const first = written();
  let last = first;
  store.offer(first, startMs);
  for (let i = 1; i <= 20; i++) {
    last = written({ ...at(i), base: last });
    if (i % 7 === 0) assert.equal(store.offer(last, startMs).conflict, undefined);
  }
  assert.equal(store.offer(last, startMs).conflict, undefined);
});

test('of two uids under a name the one written last is shown, and the hidden one is a conflict', () => {
  const store = new RecordStore(crypto);
  const one = written();
  const two = written({ uid: 'u2' as Uid, ...at(5) }, alice, node2);
  store.offer(two, startMs);
  assert.deepEqual(store.offer(one, startMs).conflict, { winner: two, loser: one });
  const uids = () => store.allAt(kindKeys.slice, 'default', 'structures').map(({ uid }) => uid);
  assert.deepEqual(uids(), ['u2', 'u1']);
  assert.equal(store.objects(kindKeys.slice).length, 1);
  assert.equal(store.all(kindKeys.slice).length, 2);
  store.offer(written({ ...at(6), base: one }), startMs);
  assert.deepEqual(uids(), ['u1', 'u2']);
  store.offer(written({ ...tombstone, ...at(7) }), startMs);
  assert.deepEqual(uids(), ['u2']);
});

test("another owner's record with the same uid touches nothing of the first", () => {
  const store = new RecordStore(crypto);
  const mine = written();
  store.offer(mine, startMs);
  store.offer(written({ ...tombstone, ...at(9) }, bob), startMs);
  assert.equal(store.get(kindKeys.slice, 'default', 'structures')?.hash, mine.hash);
  store.offer(claimed(node1), startMs);
  assert.ok(store.get(kindKeys.claim, 'default', 'structures-node1'), 'no garbage by a forged uid');
});

test('what belongs to a deleted uid goes, before or after it, and what belongs to an unknown one stays', () => {
  const store = new RecordStore(crypto);
  store.offer(claimed(node1), startMs);
  assert.ok(store.get(kindKeys.claim, 'default', 'structures-node1'), 'its slice is not known yet');
  store.offer(written(), startMs);
  const gone = store.offer(written({ ...tombstone, ...at(1) }), startMs);
  assert.equal(gone.dropped.length, 2);
  assert.equal(store.get(kindKeys.claim, 'default', 'structures-node1'), undefined);
  const late = store.offer(claimed(node2), startMs);
  assert.deepEqual([late.outcome, late.reason], ['refused', 'garbage']);
});

test('a record from the future is held, and merged when its time has come near', () => {
  const store = new RecordStore(crypto);
  const early = written(at(61_000));
  assert.equal(store.offer(early, startMs).outcome, 'held');
  assert.equal(store.size, 0);
  assert.equal(store.heldCount, 1);
  assert.deepEqual(store.retryHeld(startMs + 500), []);
  assert.deepEqual(
    store.retryHeld(startMs + 1000).map(({ offer }) => offer.outcome),
    ['new'],
  );
  assert.equal(store.heldCount, 0);
  assert.equal(store.size, 1);
});

test('a tombstone is kept for 30 days', () => {
  const store = new RecordStore(crypto);
  const record = written(tombstone);
  store.offer(record, startMs);
  assert.deepEqual(store.expire(startMs + 30 * day), []);
  assert.deepEqual(store.expire(startMs + 30 * day + 1), [record]);
  assert.equal(store.size, 0);
  assert.equal(store.offer(record, startMs + 30 * day + 1).reason, 'expired');
});

test('a full store still takes updates and deletions', () => {
  const store = new RecordStore(crypto, { maxRecords: 2 });
  store.offer(written(), startMs);
  store.offer(written({ name: 'b' }), startMs);
  assert.equal(store.offer(written({ name: 'c' }), startMs).reason, 'full');
  assert.equal(store.offer(written({ name: 'c', ...tombstone }), startMs).reason, 'full');
  assert.equal(store.offer(written(at(1)), startMs).outcome, 'new');
  assert.equal(store.offer(written({ ...tombstone, ...at(2) }), startMs).outcome, 'new');
});

test('a writer has eight live uids under a name at most, and others have theirs', () => {
  const store = new RecordStore(crypto);
  for (let i = 0; i < 8; i++) store.offer(written({ uid: `u${i}` as Uid, ...at(i + 1) }), startMs);
  assert.equal(store.offer(written({ uid: 'old' as Uid, ...at(0) }), startMs).reason, 'names');
  assert.equal(store.offer(written({ uid: 'bob' as Uid, ...at(0) }, bob), startMs).outcome, 'new');
  const ninth = store.offer(written({ uid: 'u9' as Uid, ...at(20) }), startMs);
  assert.deepEqual([ninth.outcome, ninth.dropped.map(({ body }) => body.uid)], ['new', ['u0']]);
});

test('of two peers with one name the older certificate keeps it', () => {
  const store = new RecordStore(crypto);
  const older = { ...claimed(node1), certifiedAtMs: 1 };
  const body = { ...claimed(node2, { order: [9, 9] }).body, name: 'structures-node1' };
  store.offer({ ...claimed(node2), body, certifiedAtMs: 2 }, startMs);
  store.offer(older, startMs);
  assert.equal(store.get(kindKeys.claim, 'default', 'structures-node1')?.signer, node1.id);
});

test('listeners hear what a name shows, in order, also of changes they cause', () => {
  const store = new RecordStore(crypto);
  const heard: string[] = [];
  const word = (change: StoreChange): string =>
    `${change.name} ${change.before?.order[0] ?? '-'}→${change.after?.order[0] ?? '-'}`;
  store.subscribe((change) => {
    if (change.name === 'structures' && change.before === undefined)
      store.offer(claimed(node1), startMs);
  });
  const stop = store.subscribe((change) => heard.push(word(change)));
  const t = startMs;
  store.offer(written(), t);
  store.offer(written(), t);
  store.offer(written(at(1)), t);
  store.offer(written({ ...tombstone, ...at(2) }), t);
  stop();
  store.offer(written({ name: 'silent' }), t);
  assert.deepEqual(heard, [
    `structures -→${t}`,
    'structures-node1 -→1',
    `structures ${t}→${t + 1}`,
    `structures ${t + 1}→-`,
    'structures-node1 1→-',
  ]);
});

test('a peer that deletes its own object is believed', () => {
  const store = new RecordStore(crypto);
  store.offer(claimed(node1), startMs);
  const gone = claimed(node1, { ...tombstone, order: [1, 2] });
  assert.equal(store.offer(gone, startMs).outcome, 'new');
  assert.equal(store.get(kindKeys.claim, 'default', 'structures-node1'), undefined);
});

test('the base of the next write to a slot is at hand', () => {
  const store = new RecordStore(crypto);
  const record = written();
  const finalizer = written({ slot: 'finalizer/a', value: { present: true } });
  store.offer(record, startMs);
  store.offer(finalizer, startMs);
  const stored = store.get(kindKeys.slice, 'default', 'structures');
  assert.ok(stored);
  assert.equal(store.slotOf(stored, 'object'), record);
  assert.equal(store.slotOf(stored, 'finalizer/a'), finalizer);
  assert.equal(store.slotOf(stored, 'deleting'), undefined);
});

test('listeners hear of a uid that the name does not show, for a policy is one wherever it stands', () => {
  const store = new RecordStore(crypto);
  const policy = { kind: kindKeys.trustPolicy, namespace: '', name: 'guests' };
  store.offer(written({ ...policy, ...at(50), uid: 'bobs' as Uid }, bob), startMs);
  const heard: StoreChange[] = [];
  store.subscribe((change) => heard.push(change));
  store.offer(written(policy), startMs);
  assert.deepEqual(
    heard.map(({ before, after }) => [before?.owner, after?.owner]),
    [['bob', 'bob']],
  );
  assert.deepEqual(
    store.all(kindKeys.trustPolicy).map(({ owner }) => owner),
    ['bob', 'alice'],
  );
});

test('what no reader may rely on is kept and passed on, is shown to nobody, and goes with its name', () => {
  const store = new RecordStore(crypto, {}, ({ object }) => {
    const { size } = (object.spec ?? {}) as { size?: unknown };
    return typeof size === 'number';
  });
  const changes: StoreChange[] = [];
  store.subscribe((change) => changes.push(change));
  const good = written({ value: { metadata: {}, spec: { size: 5 } } });
  const bad = written({
    ...at(1),
    uid: 'u2' as Uid,
    value: { metadata: {}, spec: { size: 'many' } },
  });
  store.offer(bad, startMs);
  assert.equal(store.get(kindKeys.slice, 'default', 'structures'), undefined);
  assert.deepEqual([store.objects(kindKeys.slice), store.all(kindKeys.slice)], [[], []]);
  assert.equal(store.size, 1, 'it is in the replicated set all the same');
  store.offer(good, startMs);
  assert.equal(store.get(kindKeys.slice, 'default', 'structures')?.uid, 'u1', 'and hides nobody');
  assert.equal(store.all(kindKeys.slice).length, 1);
  assert.deepEqual(
    changes.map(({ before, after }) => [before?.uid, after?.uid]),
    [
      [undefined, undefined],
      [undefined, 'u1'],
    ],
  );
  const uids = store.allAt(kindKeys.slice, 'default', 'structures').map(({ uid }) => uid);
  assert.deepEqual(uids.sort(), ['u1', 'u2'], 'a deletion of the name finds both');
});
