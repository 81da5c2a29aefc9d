import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareOrders, HybridClock } from '../../src/store/hybrid-clock.ts';

test('every tick is later than all ticks, bases and observations before it, whatever the wall clock does', () => {
  const order = fc.tuple(fc.nat(100_000), fc.nat(3));
  const step = fc.record({ wall: fc.nat(100_000), base: fc.option(order), seen: fc.option(order) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const clock = new HybridClock();
      for (const { wall, base, seen } of steps) {
        const before = clock.last;
        const believed = seen !== null && clock.observe(seen, wall) ? seen : before;
        const now = clock.tick(wall, base ?? undefined);
        for (const earlier of [before, believed, base ?? before])
          assert.ok(compareOrders(now, earlier) > 0);
        assert.ok(now[0] >= wall);
      }
    }),
  );
});

test('what is more than 60 s ahead does not move the clock', () => {
  const clock = new HybridClock();
  assert.equal(clock.observe([161_000, 0], 100_000), false);
  assert.deepEqual(clock.tick(100_000), [100_000, 0]);
  assert.equal(clock.observe([160_000, 5], 100_000), true);
  assert.deepEqual(clock.tick(100_000), [160_000, 6]);
});

test('it goes on from its high-water mark', () => {
  assert.deepEqual(new HybridClock([500, 2]).tick(400), [500, 3]);
});
