import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Uid } from '../../../src/objects/ids.ts';
import { FakePeer } from './fake-peer.ts';
import { workId } from '../../../src/reconcilers/instance/work-labels.ts';

const uid = 's' as Uid;
const id = workId({ uid, namespace: 'default', name: 's' });

async function running(peer: FakePeer): Promise<void> {
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s');
  await peer.clock.advance(1000);
  assert.equal(peer.machine.get(id)?.running, true);
}

test('a Held claim brings a running, ready Instance with everything its user asks of it', async () => {
  const peer = new FakePeer();
  await peer.start();
  peer.setSlice('s', {
    env: [
      { name: 'MODE', value: 'fast $HOME' },
      { name: 'P2PCS_INDEX', value: '99' },
    ],
    ports: [{ name: 'http' }],
  });
  peer.setClaim('s', { index: 3 });
  await peer.clock.advance(1000);
  const process = peer.machine.get(id);
  assert.deepEqual(process?.request.env, {
    MODE: 'fast $HOME',
    P2PCS_INDEX: '3',
    P2PCS_SLICE: 's',
    P2PCS_NAMESPACE: 'default',
    P2PCS_PEER: 'node1',
    P2PCS_INSTANCE: 's-node1',
  });
  const record = peer.record('s');
  assert.equal(record?.metadata.labels?.['p2pcs.io/slice'], 's');
  assert.equal(record?.metadata.ownerReferences?.[0]?.uid, uid);
  assert.partialDeepStrictEqual(record?.spec, { index: 3, driver: 'fake', peer: 'node1' });
  assert.partialDeepStrictEqual(record?.status, {
    state: 'Running',
    ready: true,
    pid: process?.pid,
    restarts: 0,
    ports: process?.ports,
  });
});

test('an Offered claim starts nothing', async () => {
  const peer = new FakePeer();
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s', { state: 'Offered' });
  await peer.clock.advance(5000);
  assert.equal(peer.machine.runningCount, 0);
  assert.equal(peer.reconciler.workOf(uid), 'none');
});

test('work that ends while its claim is only Offered is not started before it is Held', async () => {
  const peer = new FakePeer();
  await running(peer);
  peer.setClaim('s', { state: 'Offered' });
  await peer.clock.advance(1000);
  peer.machine.signal(id, 'SIGKILL');
  await peer.clock.advance(5000);
  assert.equal(peer.machine.runningCount, 0);
  assert.equal(peer.record('s')?.status?.state, 'Pending');
  peer.setClaim('s', { state: 'Held' });
  await peer.clock.advance(5000);
  assert.equal(peer.machine.runningCount, 1);
});

test('a quiet peer writes nothing', async () => {
  const peer = new FakePeer();
  await running(peer);
  const { writes } = peer;
  for (let i = 0; i < 20; i++) {
    peer.reconciler.changed();
    await peer.clock.advance(60_000);
  }
  assert.equal(peer.writes, writes);
});

test('work that leaves has its grace period, and is none only when nothing runs any more', async () => {
  const peer = new FakePeer({ script: () => ({ termDelayMs: 4000 }) });
  await running(peer);
  assert.equal(peer.reconciler.workOf(uid), 'running');
  peer.setClaim('s', { leaving: true });
  await peer.clock.advance(3999);
  assert.equal(peer.reconciler.workOf(uid), 'stopping');
  assert.equal(peer.record('s')?.status?.state, 'Stopping');
  assert.equal(peer.machine.runningCount, 1);
  const { workChanges } = peer;
  await peer.clock.advance(1);
  assert.equal(peer.machine.runningCount, 0);
  assert.equal(peer.reconciler.workOf(uid), 'none');
  assert.ok(peer.workChanges > workChanges);
  await peer.clock.advance(10);
  assert.equal(peer.record('s'), undefined);
  assert.deepEqual(peer.machine.list(), []);
});

test('an order to stop ends work although its claim still reads Held, and holds until the next start', async () => {
  const peer = new FakePeer();
  await running(peer);
  peer.reconciler.stopWork(uid);
  await peer.clock.advance(1000);
  assert.equal(peer.machine.runningCount, 0);
  assert.equal(peer.reconciler.workOf(uid), 'none');
  peer.reconciler.startWork(uid);
  assert.equal(peer.reconciler.workOf(uid), 'running');
  await peer.clock.advance(1000);
  assert.equal(peer.machine.runningCount, 1);
});

test('a crash loop backs off, is told, and counts its restarts', async () => {
  const peer = new FakePeer({ script: () => ({ exitAfterMs: 10, exit: { code: 3 } }) });
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s');
  await peer.clock.advance(16_000);
  // Starts at about 0, 0, 1, 3, 7 and 15 s.
  assert.equal(peer.machine.get(id)?.attempt, 6);
  assert.partialDeepStrictEqual(peer.record('s')?.status, {
    state: 'Backoff',
    ready: false,
    restarts: 5,
    exitCode: 3,
  });
  assert.equal(peer.events.filter(({ reason }) => reason === 'Exited').length, 6);
});

test('back-off and restart count outlive a restart of the daemon', async () => {
  const peer = new FakePeer({ script: () => ({ exitAfterMs: 10, exit: { code: 3 } }) });
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s');
  await peer.clock.advance(16_000);
  await peer.restartDaemon();
  peer.setClaim('s');
  await peer.clock.advance(1);
  assert.equal(peer.record('s')?.status?.state, 'Backoff');
  assert.equal(peer.record('s')?.status?.restarts, 5);
  assert.match(peer.record('s')?.status?.message ?? '', /16 s/);
});

test('work found after a restart is kept while its claim is not decided, then goes on as the same process', async () => {
  const peer = new FakePeer();
  await running(peer);
  const pid = peer.machine.get(id)?.pid;
  await peer.restartDaemon();
  await peer.clock.advance(5000);
  assert.equal(peer.record('s')?.status?.reason, 'Adopted');
  assert.equal(peer.reconciler.workOf(uid), 'running');
  peer.setClaim('s', { state: 'Offered' });
  await peer.clock.advance(5000);
  peer.setClaim('s', { state: 'Held' });
  await peer.clock.advance(5000);
  assert.equal(peer.machine.get(id)?.pid, pid);
  assert.equal(peer.machine.get(id)?.running, true);
  assert.partialDeepStrictEqual(peer.record('s')?.status, { state: 'Running', ready: true, pid });
});

test('work found after a restart whose place is taken is stopped, then its record goes', async () => {
  const peer = new FakePeer();
  await running(peer);
  await peer.restartDaemon();
  peer.reconciler.stopWork(uid);
  await peer.clock.advance(1000);
  assert.equal(peer.machine.runningCount, 0);
  peer.setClaim('s', { state: 'Released' });
  await peer.clock.advance(1000);
  assert.equal(peer.record('s'), undefined);
  assert.deepEqual(peer.machine.list(), []);
});

test('a slice whose record is missing keeps its work; one known to be deleted does not', async () => {
  const peer = new FakePeer();
  await running(peer);
  await peer.restartDaemon();
  peer.slices.clear();
  peer.claims.clear();
  peer.reconciler.changed();
  await peer.clock.advance(60_000);
  assert.equal(peer.machine.runningCount, 1);
  peer.gone.add(uid);
  peer.reconciler.changed();
  await peer.clock.advance(1000);
  assert.equal(peer.machine.runningCount, 0);
});

test('a finished task is not run again by the next daemon', async () => {
  const peer = new FakePeer({ script: () => ({ exitAfterMs: 5 }) });
  await peer.start();
  peer.setSlice('s', { restartPolicy: 'OnFailure' });
  peer.setClaim('s');
  await peer.clock.advance(1000);
  assert.equal(peer.record('s')?.status?.state, 'Succeeded');
  await peer.restartDaemon();
  peer.setClaim('s');
  await peer.clock.advance(10_000);
  assert.equal(peer.machine.get(id)?.attempt, 1);
  assert.equal(peer.record('s')?.status?.state, 'Succeeded');
});

test('a template edit replaces the process, keeps the place, and starts the count anew', async () => {
  const peer = new FakePeer();
  await running(peer);
  const first = peer.machine.get(id);
  peer.machine.signal(id, 'SIGKILL');
  await peer.clock.advance(1000);
  assert.equal(peer.record('s')?.status?.restarts, 1);
  const oldHash = peer.record('s')?.spec?.templateHash;
  peer.setSlice('s', { env: [{ name: 'MODE', value: 'new' }] });
  await peer.clock.advance(1000);
  const second = peer.machine.get(id);
  assert.equal(second?.request.env['MODE'], 'new');
  assert.notEqual(second?.pid, first?.pid);
  assert.notEqual(peer.record('s')?.spec?.templateHash, oldHash);
  assert.partialDeepStrictEqual(peer.record('s')?.status, {
    state: 'Running',
    restarts: 0,
    ready: true,
  });
  assert.equal(peer.machine.list().length, 1);
});

test('a template edit waits for the member before; a change of labels alone replaces nothing', async () => {
  const peer = new FakePeer();
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s', { index: 1 });
  await peer.clock.advance(1000);
  const pid = peer.machine.get(id)?.pid;
  const mine = peer.record('s');
  const claim = peer.claims.get(uid);
  assert.ok(mine?.spec !== undefined && mine.status !== undefined && claim !== undefined);
  peer.others.claims.push({
    ...claim,
    peer: 'node0' as never,
    peerId: '12D3node0' as never,
    index: 0,
  });
  const before = { ...mine, spec: { ...mine.spec, peer: 'node0' } };
  peer.others.instances.push(before);
  peer.setSlice('s', { args: ['new'] });
  await peer.clock.advance(5000);
  assert.equal(peer.machine.get(id)?.pid, pid);
  assert.equal(peer.record('s')?.status?.reason, 'AwaitingRollout');

  // A probe that only learns the new hash from a member that has it.
  const wanted = new FakePeer();
  await wanted.start();
  wanted.setSlice('s', { args: ['new'] });
  wanted.setClaim('s');
  await wanted.clock.advance(1000);
  const templateHash = wanted.record('s')?.spec?.templateHash ?? '';
  peer.others.instances[0] = { ...before, spec: { ...before.spec, templateHash } };
  peer.reconciler.changed();
  await peer.clock.advance(1000);
  assert.notEqual(peer.machine.get(id)?.pid, pid);
  assert.equal(peer.record('s')?.spec?.templateHash, templateHash);
});

test('a readiness command decides when it is Ready, and takes it back after three failures', async () => {
  let healthy = false;
  const peer = new FakePeer({
    wrap: (driver) =>
      Object.assign(driver, { exec: () => Promise.resolve({ code: healthy ? 0 : 1 }) }),
  });
  await peer.start();
  peer.setSlice('s', { readiness: { exec: { command: ['check'] }, periodSeconds: 2 } });
  peer.setClaim('s');
  await peer.clock.advance(10_000);
  assert.partialDeepStrictEqual(peer.record('s')?.status, { state: 'Running', ready: false });
  healthy = true;
  await peer.clock.advance(2000);
  assert.equal(peer.record('s')?.status?.ready, true);
  healthy = false;
  await peer.clock.advance(4000);
  assert.equal(peer.record('s')?.status?.ready, true);
  await peer.clock.advance(2000);
  assert.equal(peer.record('s')?.status?.ready, false);
});

test('a driver that cannot start it is said to the user, and tried again with back-off', async () => {
  let starts = 0;
  const peer = new FakePeer({
    script: () => (++starts < 4 ? { startError: 'this peer has no program "x"' } : {}),
  });
  await peer.start();
  peer.setSlice('s', {});
  peer.setClaim('s');
  await peer.clock.advance(900);
  assert.partialDeepStrictEqual(peer.record('s')?.status, {
    state: 'Backoff',
    reason: 'StartFailed',
  });
  assert.match(peer.record('s')?.status?.message ?? '', /no program "x"/);
  assert.equal(peer.events.at(-1)?.reason, 'StartFailed');
  await peer.clock.advance(10_000);
  assert.equal(starts, 4);
  assert.partialDeepStrictEqual(peer.record('s')?.status, { state: 'Running', ready: true });
});

test('a stop that fails is tried again, and the work is not none meanwhile', async () => {
  let failures = 2;
  const peer = new FakePeer({
    wrap(driver) {
      const stop = driver.stop.bind(driver);
      return Object.assign(driver, {
        stop: (of: string, options: { graceMs: number }) =>
          failures-- > 0 ? Promise.reject(new Error('state D')) : stop(of, options),
      });
    },
  });
  await running(peer);
  peer.setClaim('s', { leaving: true });
  await peer.clock.advance(900);
  assert.equal(peer.reconciler.workOf(uid), 'stopping');
  await peer.clock.advance(5000);
  assert.equal(peer.reconciler.workOf(uid), 'none');
  assert.equal(peer.events.filter(({ reason }) => reason === 'StopFailed').length, 2);
});

test('before it is known what runs here, no work is none', async () => {
  let broken = true;
  const peer = new FakePeer({
    wrap(driver) {
      const list = driver.list.bind(driver);
      return Object.assign(driver, {
        list: () => (broken ? Promise.reject(new Error('disk')) : list()),
      });
    },
  });
  const started = peer.reconciler.start();
  await peer.clock.advance(5000);
  assert.equal(peer.reconciler.workOf(uid), 'running');
  broken = false;
  await peer.clock.advance(5000);
  await started;
  assert.equal(peer.reconciler.workOf(uid), 'none');
});

test('a record that could not be written is written later, and one that somebody removed again', async () => {
  const peer = new FakePeer();
  peer.failWrites = true;
  await running(peer);
  assert.equal(peer.record('s'), undefined);
  assert.ok(peer.events.some(({ reason }) => reason === 'WriteFailed'));
  peer.failWrites = false;
  await peer.clock.advance(2000);
  assert.equal(peer.record('s')?.status?.ready, true);
  peer.records.clear();
  peer.reconciler.changed();
  await peer.clock.advance(2000);
  assert.equal(peer.record('s')?.status?.ready, true);
});
