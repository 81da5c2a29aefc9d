import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundWork, Place } from '../../../src/reconcilers/instance/world.ts';
import type { WorkPlan } from '../../../src/reconcilers/instance/plan.ts';
import { freshMemory } from '../../../src/reconcilers/instance/memory.ts';
import { restartBackoff, restartDelayMs } from '../../../src/reconcilers/instance/backoff.ts';
import { ended, id, input, place, planOf, uid, work } from './plan-world.ts';

const start = { type: 'start', driver: 'process', id, restarts: 0, failures: 0 };
const destroy = { type: 'destroy', driver: 'process', id };
const stopBecause = (reason: string) => ({ type: 'stop', reason });

type Row = readonly [
  promise: string,
  place: Place | undefined,
  found: readonly FoundWork[],
  action: object | undefined,
  state: string | undefined,
  work: WorkPlan['work'],
];

const rows: readonly Row[] = [
  ['a held place starts its work', place(), [], start, 'Starting', 'running'],
  ['a kept place starts nothing', place({ hold: 'kept' }), [], undefined, undefined, 'none'],
  [
    'a held claim without an index starts nothing',
    (({ index: _, ...rest }) => rest)(place()),
    [],
    undefined,
    undefined,
    'none',
  ],
  [
    'a slice without template reserves the place',
    (({ template: _, templateHash: _hash, ...rest }) => rest)(place()),
    [],
    undefined,
    undefined,
    'none',
  ],
  [
    'a template taken away ends the work',
    (({ template: _, templateHash: _hash, ...rest }) => rest)(place()),
    [work()],
    { ...stopBecause('its slice only reserves places now'), graceMs: 3000 },
    'Stopping',
    'stopping',
  ],
  ['what runs as wanted runs on', place(), [work()], undefined, 'Running', 'running'],
  ['kept work runs on', place({ hold: 'kept' }), [work()], undefined, 'Running', 'running'],
  [
    'kept work of another template runs on',
    place({ hold: 'kept', templateHash: 'h2' }),
    [work()],
    undefined,
    'Running',
    'running',
  ],
  [
    'kept work that has ended is not started again',
    place({ hold: 'kept' }),
    [ended({ code: 1 })],
    undefined,
    'Pending',
    'none',
  ],
  [
    'work without a place is stopped in its own grace period',
    undefined,
    [work()],
    { ...stopBecause('its place was given up'), graceMs: 3000 },
    'Stopping',
    'stopping',
  ],
  [
    'ended work without a place is forgotten',
    undefined,
    [ended({ code: 0 })],
    destroy,
    undefined,
    'none',
  ],
  [
    'an end is followed by a quick restart',
    place(),
    [ended({ code: 1 })],
    { ...start, restarts: 1, failures: 1 },
    'Starting',
    'running',
  ],
  [
    'a killed process is started again',
    place({}, { restartPolicy: 'OnFailure' }),
    [ended({ code: 137, signal: 'SIGKILL' })],
    { ...start, restarts: 1, failures: 1 },
    'Starting',
    'running',
  ],
  [
    'the second end in a row waits',
    place(),
    [ended({ code: 0 }, { failures: 1, restarts: 1 })],
    undefined,
    'Backoff',
    'running',
  ],
  [
    'Never leaves a success as it is',
    place({}, { restartPolicy: 'Never' }),
    [ended({ code: 0 })],
    undefined,
    'Succeeded',
    'running',
  ],
  [
    'OnFailure leaves a success as it is',
    place({}, { restartPolicy: 'OnFailure' }),
    [ended({ code: 0 })],
    undefined,
    'Succeeded',
    'running',
  ],
  [
    'Never leaves a failure as it is',
    place({}, { restartPolicy: 'Never' }),
    [ended({ code: 3 })],
    undefined,
    'Failed',
    'running',
  ],
  [
    'Never runs nothing twice when nobody saw the end',
    place({}, { restartPolicy: 'Never' }),
    [ended({ reason: 'HostRestarted' })],
    undefined,
    'Failed',
    'running',
  ],
  [
    'an attempt that never began is made again, also under Never',
    place({}, { restartPolicy: 'Never' }),
    [ended({ reason: 'NotStarted' })],
    start,
    'Starting',
    'running',
  ],
  [
    'an ended instance takes the new template at once',
    place({ templateHash: 'h2' }, { restartPolicy: 'Never' }),
    [ended({ code: 0 })],
    start,
    'Starting',
    'running',
  ],
  [
    'another index needs another process',
    place({ index: 3 }),
    [work()],
    stopBecause('its index is now 3, and it was started as 2'),
    'Stopping',
    'stopping',
  ],
  [
    'a refused driver is not used',
    place({ allowedDrivers: [] }),
    [],
    undefined,
    'Pending',
    'running',
  ],
  [
    'a driver that this machine lacks is named',
    place({}, { driver: 'vm' }),
    [],
    undefined,
    'Pending',
    'running',
  ],
  [
    'work under a driver that was withdrawn ends',
    place({ allowedDrivers: [] }),
    [work()],
    { type: 'stop' },
    'Stopping',
    'stopping',
  ],
  [
    'remains under another driver are cleared away before the start',
    place(),
    [ended({ code: 0 }, { driver: 'fake' })],
    { ...destroy, driver: 'fake' },
    'Pending',
    'running',
  ],
  [
    'of two that run one is stopped',
    place(),
    [work(), work({ driver: 'fake' })],
    { type: 'stop', driver: 'fake' },
    'Stopping',
    'stopping',
  ],
];

for (const [promise, at, found, action, state, workState] of rows) {
  test(promise, () => {
    const plan = planOf(input(at === undefined ? [] : [at], found));
    assert.ok(plan !== undefined);
    if (action === undefined) assert.equal(plan.action, undefined);
    else assert.partialDeepStrictEqual(plan.action, action);
    assert.equal(plan.status?.state, state);
    assert.equal(plan.work, workState);
  });
}

test('restarts come at once, then after 1 s doubled up to 5 minutes', () => {
  const delays = [1, 2, 3, 4, 10, 11, 12, 1000].map((n) => restartDelayMs(n, restartBackoff));
  assert.deepEqual(delays, [0, 1000, 2000, 4000, 256_000, 300_000, 300_000, 300_000]);
});

test('a restart waits until its time, and the plan says when to look again', () => {
  const found = [ended({ code: 1 }, { failures: 2, restarts: 5 })];
  const seen = planOf(input([place()], found, { nowMs: 100 }));
  assert.equal(seen?.wakeAtMs, 2100);
  assert.match(seen?.status?.message ?? '', /exit code 1.*3 in a row.*2 s/);
  const memory = new Map([[uid, seen?.memory ?? freshMemory]]);
  assert.equal(planOf(input([place()], found, { memory, nowMs: 2099 }))?.action, undefined);
  const due = planOf(input([place()], found, { memory, nowMs: 2100 }));
  assert.partialDeepStrictEqual(due?.action, { type: 'start', restarts: 6, failures: 3 });
});

test('ten healthy minutes make the next end the first one', () => {
  const running = work({ failures: 7, restarts: 7 });
  const first = planOf(input([place()], [running]));
  const memory = new Map([[uid, first?.memory ?? freshMemory]]);
  const { pid: _, ...rest } = running;
  const gone: FoundWork = { ...rest, state: 'exited', exit: { code: 1 } };
  const early = planOf(input([place()], [gone], { memory, nowMs: 599_999 }));
  assert.equal(early?.status?.state, 'Backoff');
  const late = planOf(input([place()], [gone], { memory, nowMs: 600_000 }));
  assert.partialDeepStrictEqual(late?.action, { type: 'start', restarts: 8, failures: 1 });
});

test('what we stopped ourselves starts again without counting as a restart', () => {
  const memory = new Map([[uid, { ...freshMemory, stoppedByUs: true }]]);
  const found = [ended({ code: 143, signal: 'SIGTERM' }, { failures: 4, restarts: 4 })];
  assert.deepEqual(planOf(input([place()], found, { memory }))?.action, start);
});

test('a start that failed is tried again with back-off, and at once when the template changes', () => {
  const startFailure = { atMs: 0, message: 'no program', templateHash: 'h1' };
  const memory = new Map([[uid, { ...freshMemory, failures: 3, startFailure }]]);
  const waiting = planOf(input([place()], [], { memory, nowMs: 10 }));
  assert.equal(waiting?.status?.reason, 'StartFailed');
  assert.equal(waiting?.wakeAtMs, 2000);
  assert.equal(planOf(input([place()], [], { memory, nowMs: 2000 }))?.action?.type, 'start');
  const edited = planOf(input([place({ templateHash: 'h2' })], [], { memory, nowMs: 10 }));
  assert.deepEqual(edited?.action, start);
  const never = planOf(input([place({}, { restartPolicy: 'Never' })], [], { memory, nowMs: 9999 }));
  assert.equal(never?.status?.state, 'Failed');
});

test('without a readiness command an instance is Ready when it has run for a moment', () => {
  const memory = new Map([[uid, freshMemory]]);
  const first = planOf(input([place()], [work()], { memory, nowMs: 50 }));
  assert.equal(first?.memory.ready, false);
  assert.equal(first?.wakeAtMs, 250);
  const later = new Map([[uid, first?.memory ?? freshMemory]]);
  const settled = planOf(input([place()], [work()], { memory: later, nowMs: 250 }));
  assert.equal(settled?.memory.ready, true);
});

test('adopted work without a readiness command is Ready at once', () => {
  assert.equal(planOf(input([place()], [work()]))?.memory.ready, true);
});

test('a readiness command is run after its delay, then by period, one at a time', () => {
  const readiness = { exec: { command: ['true'] }, periodSeconds: 2, initialDelaySeconds: 3 };
  const at = place({}, { readiness });
  const look = (memory: WorkPlan['memory'], nowMs: number): WorkPlan | undefined =>
    planOf(input([at], [work()], { memory: new Map([[uid, memory]]), nowMs }));
  const first = look(freshMemory, 0);
  assert.equal(first?.probe, undefined);
  assert.equal(first?.wakeAtMs, 3000);
  const due = look(first?.memory ?? freshMemory, 3000);
  assert.deepEqual(due?.probe, { driver: 'process', id });
  assert.equal(look(due?.memory ?? freshMemory, 3001)?.probe, undefined);
  const answered = { ...(due?.memory ?? freshMemory), probing: false, probedMs: 3100 };
  assert.equal(look(answered, 5099)?.wakeAtMs, 5100);
  assert.ok(look(answered, 5100)?.probe !== undefined);
});
