import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { VirtualClock } from './virtual-clock.ts';
import { WorkQueue } from '../../src/controller/work-queue.ts';

test('a key that is added many times is taken once', () => {
  const queue = new WorkQueue(new VirtualClock());
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], ['a', 'b', undefined]);
});

test('a key that changes while it is worked on comes back when that ends', () => {
  const queue = new WorkQueue(new VirtualClock());
  queue.add('a');
  assert.equal(queue.take(), 'a');
  queue.add('a');
  assert.equal(queue.take(), undefined, 'not in two hands');
  queue.finish('a');
  assert.equal(queue.take(), 'a');
  queue.finish('a');
  assert.equal(queue.take(), undefined);
});

test('of several delays the earliest counts, and a change now ends them all', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 500);
  queue.addAfter('a', 100);
  queue.addAfter('a', 300);
  await clock.advance(99);
  assert.equal(queue.take(), undefined);
  await clock.advance(1);
  assert.equal(queue.take(), 'a');
  queue.finish('a');
  queue.addAfter('a', 50);
  queue.add('a');
  assert.equal(queue.take(), 'a');
  assert.equal(clock.pending, 0);
});

test('a closed queue takes nothing and leaves no timer', () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 10);
  queue.add('b');
  queue.close();
  queue.add('c');
  assert.equal(queue.take(), undefined);
  assert.equal(clock.pending, 0);
  assert.equal(queue.size, 0);
});

test('whatever is added, taken and finished: never one key in two hands, and no change is lost', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const command = fc.record({ type: fc.constantFrom('add', 'take', 'finish'), key });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const queue = new WorkQueue(new VirtualClock());
      const hands = new Set<string>();
      const owed = new Set<string>();
      const take = (): string | undefined => {
        const taken = queue.take();
        if (taken === undefined) return undefined;
        assert.ok(!hands.has(taken), `${taken} is in two hands`);
        hands.add(taken);
        owed.delete(taken);
        return taken;
      };
      for (const { type, key: name } of commands) {
        if (type === 'add') {
          queue.add(name);
          owed.add(name);
        } else if (type === 'take') take();
        else if (hands.delete(name)) queue.finish(name);
      }
      for (const name of hands) queue.finish(name);
      hands.clear();
      while (take() !== undefined);
      assert.equal(owed.size, 0, `lost: ${[...owed].join()}`);
    }),
  );
});
