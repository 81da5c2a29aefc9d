import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../src/controller/reconciler.ts';
import { Backoff } from '../../src/controller/backoff.ts';
import { Manager } from '../../src/controller/manager.ts';
import { VirtualClock, settle } from './virtual-clock.ts';

interface Scene {
  readonly clock: VirtualClock;
  readonly manager: Manager;
  readonly seen: { key: string; atMs: number }[];
  readonly failures: number[];
  readonly terminal: string[];
}

function scene(
  answer: (key: string, times: number) => Promise<Verdict> | Verdict,
  workers = 1,
): Scene {
  const clock = new VirtualClock();
  const seen: Scene['seen'] = [];
  const failures: number[] = [];
  const terminal: string[] = [];
  const manager = new Manager(
    {
      clock,
      reconciler: {
        name: 'test',
        async reconcile(key) {
          seen.push({ key, atMs: clock.nowMs() });
          const verdict = await answer(key, seen.filter((one) => one.key === key).length);
          return verdict;
        },
      },
      reports: {
        failed: (_name, _key, _error, retryMs) => failures.push(retryMs),
        terminal: (_name, _key, reason) => terminal.push(reason),
      },
    },
    { workers },
  );
  return { clock, manager, seen, failures, terminal };
}

test('delays double from 5 ms up to 30 s, per key, and success forgets them', () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 15 }, () => backoff.failed('a'));
  assert.deepEqual(delays.slice(0, 4), [5, 10, 20, 40]);
  assert.deepEqual(delays.slice(-2), [30_000, 30_000]);
  assert.equal(backoff.failed('b'), 5);
  backoff.succeeded('a');
  assert.equal(backoff.failed('a'), 5);
});

test('done rests, again looks again in time, terminal rests and is reported', async () => {
  const verdicts: Record<string, Verdict> = {
    done: { type: 'done' },
    again: { type: 'again', afterMs: 100 },
    terminal: { type: 'terminal', reason: 'no such driver' },
  };
  const { clock, manager, seen, terminal } = scene((key, times) =>
    times === 1 ? verdicts[key]! : { type: 'done' },
  );
  manager.start();
  for (const key of ['done', 'again', 'terminal']) manager.add(key);
  await clock.advance(1000);
  assert.deepEqual(
    seen.map(({ key }) => key),
    ['done', 'again', 'terminal', 'again'],
  );
  assert.equal(seen[3]!.atMs - seen[1]!.atMs, 100);
  assert.deepEqual(terminal, ['no such driver']);
  await manager.stop();
});

test('a failing key backs off while others go on, and recovers', async () => {
  const { clock, manager, seen, failures } = scene((key, times) => {
    if (key === 'bad' && times <= 4) throw new Error('disk full');
    return { type: 'done' };
  });
  manager.start();
  manager.add('bad');
  manager.add('good');
  await clock.advance(1000);
  assert.deepEqual(failures, [5, 10, 20, 40]);
  assert.equal(seen.filter(({ key }) => key === 'bad').length, 5);
  assert.equal(seen.filter(({ key }) => key === 'good').length, 1);
  await manager.stop();
});

test('one key is never worked on twice at once, however many workers there are', async () => {
  let running = 0;
  let most = 0;
  const { clock, manager, seen } = scene(async () => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
    return { type: 'done' };
  }, 4);
  manager.start();
  manager.add('a');
  await Promise.resolve();
  manager.add('a');
  manager.add('a');
  await clock.advance(10);
  await clock.advance(10);
  assert.equal(most, 1);
  assert.equal(seen.length, 2);
  await manager.stop();
});

test('stop waits for what is in hand and starts nothing more', async () => {
  let finish = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { manager, seen } = scene(async () => {
    await held;
    return { type: 'again', afterMs: 1 };
  });
  manager.start();
  manager.add('a');
  await settle();
  let stopped = false;
  const stopping = manager.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  finish();
  await stopping;
  manager.add('b');
  await settle();
  assert.equal(seen.length, 1);
});
