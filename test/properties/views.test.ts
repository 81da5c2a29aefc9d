// What a peer remembers of others is bounded, whatever others say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlaySampling } from '../../src/gossip/peer-sampling/config.ts';
import { KnownPeers } from '../../src/gossip/peer-sampling/known-peers.ts';
import { encodeSampling } from '../../src/gossip/peer-sampling/message.ts';
import { PeerSampler } from '../../src/gossip/peer-sampling/peer-sampler.ts';
import { PeerIdWire } from '../../src/gossip/peer-id-wire.ts';
import { circumference, RingView } from '../../src/gossip/t-man/ring-view.ts';
import { Tombstones } from '../../src/gossip/t-man/tombstones.ts';
import { View } from '../../src/gossip/view.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { plainId } from '../gossip/cycles.ts';
import type { Descriptor } from '../../src/gossip/descriptor.ts';
import type { PeerId } from '../../src/objects/ids.ts';

fc.configureGlobal({ seed: 24 });

const peer = fc.nat(40).map(plainId);
const descriptor = fc.record({
  peer,
  age: fc.nat(30),
  addresses: fc.constantFrom<(readonly string[])[]>([], ['/dns/a']),
});
const seed = fc.nat();

test('a view keeps one descriptor a peer, the youngest it was given, and `select` leaves no more than asked', () => {
  const selection = fc.record({ size: fc.nat(20), healing: fc.nat(12), swapping: fc.nat(12) });
  const sent = fc.array(peer, { maxLength: 15 });
  const given = fc.array(descriptor, { maxLength: 80 });
  fc.assert(
    fc.property(given, selection, sent, seed, (all, wanted, gone, dice) => {
      const view = new View();
      const youngest = new Map<PeerId, Descriptor>();
      for (const one of all) {
        view.add(one);
        if (one.age < (youngest.get(one.peer)?.age ?? Infinity)) youngest.set(one.peer, one);
      }
      const ages = (of: Iterable<Descriptor>): Map<PeerId, number> =>
        new Map([...of].map((one) => [one.peer, one.age]));
      assert.deepEqual(ages(view.descriptors()), ages(youngest.values()));
      const random = new SeededRandom(dice);
      const sample = view.sample(wanted.size, wanted.healing, random).map((one) => one.peer);
      assert.equal(sample.length, Math.min(wanted.size, youngest.size));
      assert.equal(new Set(sample).size, sample.length);
      view.select(wanted, gone, random);
      assert.equal(view.size, Math.min(wanted.size, youngest.size), 'no more, and no fewer');
      for (const { peer: kept, age } of view.descriptors()) {
        assert.equal(age, youngest.get(kept)?.age);
      }
    }),
    { numRuns: 600 },
  );
});

test('a sampler holds at most c descriptors, never its own, whatever it is sent', () => {
  const wire = new PeerIdWire();
  const self = plainId(0);
  const config = { ...overlaySampling, viewSize: 8, exchangeSize: 4, quietExchangeSize: 3 };
  const message = fc.record({
    from: peer,
    type: fc.constantFrom('push' as const, 'pull' as const),
    exchange: fc.nat(5),
    descriptors: fc.array(descriptor, { maxLength: 30 }),
  });
  const step = fc.oneof(
    { weight: 4, arbitrary: message },
    { weight: 1, arbitrary: fc.constant('cycle' as const) },
    { weight: 1, arbitrary: peer },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), seed, (steps, dice) => {
      const sampler = new PeerSampler({ self, addresses: () => [], wire }, config);
      const random = new SeededRandom(dice);
      let sends = 0;
      const context = { nowMs: 0, random, send: () => void sends++ };
      for (const one of steps) {
        const before = sends;
        if (one === 'cycle') sampler.cycle(context);
        else if (typeof one === 'string') sampler.unreachable(one, context);
        else sampler.receive(one.from, encodeSampling(one, wire), context);
        assert.ok(sends - before <= 2, 'an answer or two pushes, not more');
        const peers = sampler.peers();
        assert.ok(peers.length <= config.viewSize);
        assert.equal(new Set(peers).size, peers.length);
        assert.ok(!peers.includes(self));
      }
    }),
    { numRuns: 400 },
  );
});

test('the slow store never outgrows its size and never offers who is in the view', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), peer), { maxLength: 120 }), seed, (steps, dice) => {
      const store = new KnownPeers(6, 3);
      const random = new SeededRandom(dice);
      for (const [what, one] of steps) {
        if (what === 0) store.remember(one, [], random);
        else if (what === 1) store.forget(one);
        else
          assert.notEqual(
            store.next((known) => known === one, random),
            one,
          );
        assert.ok(store.size <= 6);
      }
    }),
    { numRuns: 400 },
  );
});

test('a ring view is the nearest on each side, in clockwise order, as a sorted list would say', () => {
  const own = Math.floor(circumference / 3);
  const place = fc.oneof(fc.nat(20), fc.maxSafeNat()).map((at) => at % circumference);
  const places = fc.array(place, { maxLength: 40 });
  fc.assert(
    fc.property(
      places,
      fc.integer({ min: 1, max: 6 }),
      place,
      fc.nat(14),
      (all, side, at, count) => {
        const view = new RingView(own, side);
        const distance = (position: number): number =>
          (position - own + circumference) % circumference;
        const entries = all.map((position, index) => ({ peer: plainId(index), position }));
        for (const { peer: one, position } of entries) {
          view.put({ peer: one, boot: 1, incarnation: 0 }, position);
          assert.ok(view.size <= 2 * side);
        }
        const sorted = entries
          .toSorted(
            (a, b) => distance(a.position) - distance(b.position) || (a.peer < b.peer ? -1 : 1),
          )
          .map((entry) => entry.peer);
        const kept =
          sorted.length <= 2 * side ? sorted : [...sorted.slice(0, side), ...sorted.slice(-side)];
        assert.deepEqual(view.peers(), kept);
        assert.equal(view.successor(), kept[0]);
        assert.equal(view.predecessor(), kept.at(-1));
        const best = view.bestFor(at, count).map((entry) => entry.peer);
        assert.equal(best.length, Math.min(count, kept.length));
        assert.equal(new Set(best).size, best.length);
        assert.ok(best.every((one) => kept.includes(one)));
      },
    ),
    { numRuns: 600 },
  );
});

test('tombstones keep their bound and cover everything up to what was buried, nothing later', () => {
  const entry = fc.record({ peer, boot: fc.nat(3), incarnation: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), entry, (buried, asked) => {
      const tombstones = new Tombstones(10, 5);
      for (const [cycle, one] of buried.entries()) {
        tombstones.bury(one, cycle);
        assert.ok(tombstones.covers(one));
        assert.ok(!tombstones.covers({ ...one, boot: 4 }));
        assert.ok(tombstones.size <= 10);
      }
      const known = tombstones.get(asked.peer);
      const isCovered =
        known !== undefined &&
        (asked.boot < known.boot ||
          (asked.boot === known.boot && asked.incarnation <= known.incarnation));
      assert.equal(tombstones.covers(asked), isCovered);
      assert.ok(tombstones.newest(4).length <= 4);
      tombstones.expire(buried.length + 5);
      assert.equal(tombstones.size, 0);
    }),
    { numRuns: 400 },
  );
});
