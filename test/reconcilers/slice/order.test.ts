import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import type { ClaimSpec } from '../../../src/objects/kinds/claim.ts';
import type { PeerId, Uid } from '../../../src/objects/ids.ts';
import { ClaimBook } from '../../../src/reconcilers/slice/claim-book.ts';
import {
  compareClaims,
  compareSlices,
  isLive,
  membersInOrder,
} from '../../../src/reconcilers/slice/order.ts';
import { freeIndex, nextSeniority } from '../../../src/reconcilers/slice/place.ts';
import { lanAllocator } from '../../../src/reconcilers/slice/config.ts';
import { aClaim, aMembership, aSlice, aView } from './objects.ts';

const claim = fc
  .record({
    at: fc.integer({ min: 1, max: 9 }),
    state: fc.constantFrom('Offered', 'Held', 'Released'),
    score: fc.integer({ min: -2, max: 2 }),
    seniority: fc.integer({ min: 0, max: 3 }),
    boot: fc.integer({ min: 1, max: 3 }),
    revision: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ at, ...more }) => aClaim(at, more));

const views = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) =>
  aView(at, { boot: 1 + (at % 2), state: at === 5 ? 'dead' : 'alive' }),
);
const membership = aMembership('peer1' as PeerId, [], views);

function members(claims: readonly ClaimSpec[]): readonly PeerId[] {
  const known = claims.map((spec) => ({ namespace: 'default', spec }));
  const book = new ClaimBook(known, membership, { rules: lanAllocator.rules });
  return membersInOrder(book.of('uid-1' as Uid).live, 3).map(({ peerId }) => peerId);
}

test('the order of claims is total, antisymmetric and transitive', () => {
  fc.assert(
    fc.property(claim, claim, claim, (a, b, c) => {
      assert.equal(Math.sign(compareClaims(a, b)), -Math.sign(compareClaims(b, a)) + 0);
      if (a.peerId !== b.peerId) assert.notEqual(compareClaims(a, b), 0);
      if (compareClaims(a, b) <= 0 && compareClaims(b, c) <= 0) {
        assert.ok(compareClaims(a, c) <= 0);
      }
    }),
  );
});

test('the same records in any order, any number of times, give the same members', () => {
  // One statement a peer, boot and revision: a peer does not say two things at once.
  const statements = fc.uniqueArray(claim, {
    maxLength: 20,
    selector: ({ peerId, boot, revision }) => `${peerId}/${boot}/${revision}`,
  });
  fc.assert(
    fc.property(statements, fc.array(fc.nat(), { maxLength: 20 }), (claims, picks) => {
      const expected = members(claims);
      const doubled = [...claims, ...picks.flatMap((pick) => claims[pick % claims.length] ?? [])];
      const shuffled = doubled.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? 1 : -1));
      assert.deepEqual(members(shuffled), expected);
      assert.deepEqual(members(doubled.toReversed()), expected);
    }),
  );
});

test('a Held claim loses its place neither to an Offer nor to a junior, whatever their scores', () => {
  const held = aClaim(9, { state: 'Held', seniority: 1, score: -5 });
  const others = [
    aClaim(1, { score: 9 }),
    aClaim(2, { state: 'Held', seniority: 2, score: 9 }),
    aClaim(3, { score: 99 }),
  ];
  assert.equal(membersInOrder([...others, held], 1)[0], held);
});

test('an older boot counts for nothing, a newer one counts before it is heard of', () => {
  const view = { boot: 2, incarnation: 1, state: 'alive' } as const;
  assert.equal(isLive(aClaim(1, { state: 'Held', boot: 1 }), view), false);
  assert.equal(isLive(aClaim(1, { state: 'Held', boot: 2 }), view), true);
  assert.equal(isLive(aClaim(1, { state: 'Held', boot: 3 }), { ...view, state: 'dead' }), true);
});

test('the dead, the away and strangers do not count; suspects and those that refuted do', () => {
  const held = aClaim(1, { state: 'Held', incarnation: 1 });
  const at = (state: 'alive' | 'suspect' | 'away' | 'dead', incarnation = 1): boolean =>
    isLive(held, { boot: 1, incarnation, state });
  assert.deepEqual(
    [at('alive'), at('suspect'), at('away'), at('dead')],
    [true, true, false, false],
  );
  assert.equal(at('dead', 0), true, 'its claim is of a higher incarnation than its death');
  assert.equal(isLive(held, undefined), false);
  assert.equal(
    isLive({ ...held, state: 'Released' }, { boot: 1, incarnation: 0, state: 'alive' }),
    false,
  );
});

test('slices are filled in the order of their making, ties by uid', () => {
  const slices = [
    aSlice({ size: 1 }, { uid: 'b' as Uid, createdOrder: 5 }),
    aSlice({ size: 1 }, { uid: 'a' as Uid, createdOrder: 5 }),
    aSlice({ size: 1 }, { uid: 'z' as Uid, createdOrder: 4 }),
  ];
  assert.deepEqual(
    slices.toSorted(compareSlices).map(({ uid }) => uid),
    ['z', 'a', 'b'],
  );
});

test('an index is the lowest that is free, leaving one for each Offer ahead', () => {
  const mine = aClaim(3);
  const held = [aClaim(7, { state: 'Held', index: 0 }), aClaim(8, { state: 'Held', index: 2 })];
  assert.equal(freeIndex(mine, [...held, mine], []), 1);
  assert.equal(freeIndex(mine, [...held, aClaim(1), mine, aClaim(9)], []), 3);
  assert.equal(freeIndex(mine, [...held, mine], [aClaim(5, { state: 'Held', index: 1 })]), 3);
});

test('who returns keeps its index if nobody has it', () => {
  const mine = aClaim(3, { index: 4 });
  assert.equal(freeIndex(mine, [mine], []), 4);
  assert.equal(freeIndex(mine, [aClaim(1, { state: 'Held', index: 4 }), mine], []), 0);
});

test('seniority counts up from all that ever held, the released too', () => {
  assert.equal(nextSeniority([]), 1);
  assert.equal(nextSeniority([aClaim(1, { state: 'Released', seniority: 6 }), aClaim(2)]), 7);
});
