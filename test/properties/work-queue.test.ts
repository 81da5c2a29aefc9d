// The queue under every controller, with time: what is in hand is in one hand, and no change waits for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../controller/virtual-clock.ts';
import { WorkQueue } from '../../src/controller/work-queue.ts';

fc.configureGlobal({ seed: 25 });

const key = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ type: fc.constant('add' as const), key }),
  fc.record({ type: fc.constant('take' as const) }),
  fc.record({ type: fc.constant('finish' as const), key }),
  fc.record({ type: fc.constant('addAfter' as const), key, ms: fc.integer({ min: -5, max: 100 }) }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.nat(60) }),
);

test('with delays too: never one key in two hands, none twice in the queue, and each by its due time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new VirtualClock();
      const queue = new WorkQueue(clock);
      let woken = 0;
      queue.onReady(() => woken++);
      const hands = new Set<string>();
      /** When each key must be there to take, at the latest. */
      const due = new Map<string, number>();
      const take = (): string | undefined => {
        const taken = queue.take();
        if (taken === undefined) return undefined;
        assert.ok(!hands.has(taken), `${taken} is in two hands`);
        assert.ok((due.get(taken) ?? Infinity) <= clock.nowMs(), `${taken} comes too early`);
        hands.add(taken);
        due.delete(taken);
        return taken;
      };
      for (const one of steps) {
        if (one.type === 'wait') await clock.advance(one.ms);
        else if (one.type === 'take') take();
        else if (one.type === 'finish') {
          if (hands.delete(one.key)) queue.finish(one.key);
        } else {
          const before = woken;
          const ms = one.type === 'add' ? 0 : Math.max(0, one.ms);
          const wasWaiting = (due.get(one.key) ?? Infinity) <= clock.nowMs();
          due.set(one.key, Math.min(due.get(one.key) ?? Infinity, clock.nowMs() + ms));
          if (one.type === 'add') queue.add(one.key);
          else queue.addAfter(one.key, one.ms);
          const isNew = ms === 0 && !wasWaiting && !hands.has(one.key);
          assert.equal(woken - before, isNew ? 1 : 0, 'one call for each key that can be taken');
        }
        assert.equal(queue.size, new Set([...hands, ...due.keys()]).size);
      }
      for (const name of hands) queue.finish(name);
      hands.clear();
      await clock.advance(100);
      const wanted = [...due.keys()].toSorted();
      const rest: string[] = [];
      for (let name = take(); name !== undefined; name = take()) rest.push(name);
      assert.deepEqual(rest.toSorted(), wanted, 'each once, none lost');
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 300 },
  );
});

test('after it is closed a queue hands out nothing and wakes nobody, whatever was under way', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 15 }),
      fc.array(step, { maxLength: 15 }),
      async (before, after) => {
        const clock = new VirtualClock();
        const queue = new WorkQueue(clock);
        const hands: string[] = [];
        let isClosed = false;
        queue.onReady(() => assert.ok(!isClosed));
        for (const one of [...before, 'close' as const, ...after]) {
          if (one === 'close') {
            isClosed = true;
            queue.close();
          } else if (one.type === 'add') queue.add(one.key);
          else if (one.type === 'addAfter') queue.addAfter(one.key, one.ms);
          else if (one.type === 'wait') await clock.advance(one.ms);
          else if (one.type === 'take') {
            const taken = queue.take();
            assert.ok(!isClosed || taken === undefined);
            if (taken !== undefined) hands.push(taken);
          }
        }
        for (const name of hands) queue.finish(name);
        assert.equal(queue.take(), undefined);
        assert.deepEqual([queue.size, clock.pending], [0, 0]);
      },
    ),
    { numRuns: 100 },
  );
});
