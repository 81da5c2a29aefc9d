import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DriverInstance, InstanceRequest } from '../../src/drivers/driver.ts';
import { isAlive, parseStat, readStat } from '../../src/drivers/process/proc.ts';
import { ProcessDriver } from '../../src/drivers/process/process-driver.ts';

let root = '';
let driver: ProcessDriver;

const open = (): ProcessDriver =>
  new ProcessDriver({
    root,
    environment: { PATH: process.env['PATH'], LANG: 'C.UTF-8', SECRET: 'do not tell' },
    pollMs: 50,
  });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'p2d-'));
  driver = open();
});
afterEach(async () => {
  for (const { id } of await driver.list()) await driver.destroy(id);
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

const sh = (script: string, more: Partial<InstanceRequest> = {}): InstanceRequest => ({
  id: 'one',
  template: { command: ['sh', '-c', script] },
  env: {},
  templateHash: 'h',
  labels: {},
  ...more,
});

const get = async (): Promise<DriverInstance | undefined> =>
  (await driver.list()).find(({ id }) => id === 'one');

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}

const data = (file: string): string => join(root, 'i', 'one', 'data', file);
const runFile = (): string => join(root, 'run', 'one.1');
const gone = (pid: number): boolean => readStat(pid) === undefined;

/** The shim of the one instance, from its record. */
const shimPid = (): number => parseStat(readFileSync(runFile(), 'latin1'))?.pid ?? 0;

test('a command sees the request, its ports and where it is, and nothing of the daemon besides', async () => {
  const ports = [{ name: 'grpc-web' }];
  const request = sh('env > env; pwd > pwd; exec sleep 100', {
    env: { MODE: 'a b', P2PCS_INDEX: '3' },
  });
  const started = await driver.start({ ...request, template: { ...request.template, ports } });
  await until(() => existsSync(data('pwd')) && readFileSync(data('pwd'), 'utf8') !== '');
  const env = readFileSync(data('env'), 'utf8').trim().split('\n');
  const names = env.map((line) => line.split('=')[0] ?? '').toSorted((a, b) => (a < b ? -1 : 1));
  const shellsOwn = ['OLDPWD', 'PWD', 'SHLVL', '_'];
  assert.deepEqual(
    names.filter((name) => !shellsOwn.includes(name)),
    ['HOME', 'LANG', 'MODE', 'P2PCS_INDEX', 'P2PCS_INSTANCE_ID', 'P2PCS_PORT_GRPC_WEB', 'PATH'],
  );
  assert.ok(env.includes('MODE=a b'));
  assert.ok(env.includes(`P2PCS_PORT_GRPC_WEB=${started.ports['grpc-web']}`));
  assert.equal(readFileSync(data('pwd'), 'utf8').trim(), join(root, 'i', 'one', 'data'));
});

test('nothing in a command is expanded before the program that its user names', async () => {
  const command = ['printf', '%s|', '$HOME', '`id`', 'a b', '*', ''];
  await driver.start(sh('', { template: { command, args: ["'quoted'", '"'] } }));
  const log = join(root, 'i', 'one', 'log');
  await until(async () => (await get())?.state === 'exited');
  assert.equal(readFileSync(log, 'utf8'), `$HOME|\`id\`|a b|*||'quoted'|"|`);
});

test('a workload starts with default signals, its own session, no open files of the daemon', async () => {
  const file = openSync(join(root, 'daemons-own'), 'w');
  const { pid = 0 } = await driver.start(sh('ls -l /proc/self/fd > fds; exec sleep 100'));
  // A shell blocks signals while it forks; what it becomes at the end does not.
  await until(() => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleep\n');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  assert.match(status, /^SigIgn:\s+0+$/m);
  assert.match(status, /^SigBlk:\s+0+$/m);
  assert.notEqual(readStat(pid)?.session, readStat(process.pid)?.session);
  assert.doesNotMatch(readFileSync(data('fds'), 'utf8'), /daemons-own/);
  closeSync(file);
});

test('a killed shim costs the exit status and nothing else', async () => {
  const { pid = 0 } = await driver.start(sh('exec sleep 100'));
  process.kill(shimPid(), 'SIGKILL');
  await until(() => gone(shimPid()));
  assert.equal((await get())?.pid, pid);
  assert.equal((await driver.start(sh('exec sleep 100'))).pid, pid);
  await driver.close();
  driver = open();
  assert.equal((await get())?.pid, pid, 'the next daemon adopts it too');
  process.kill(pid, 'SIGKILL');
  const told = new Promise<void>((resolve) => driver.onChange(resolve));
  await told;
  assert.deepEqual((await get())?.exit, { reason: 'Unknown' });
});

test('work without its shim is stopped whole', async () => {
  const { pid = 0 } = await driver.start(
    sh('trap "" TERM; setsid sleep 100 & sleep 100 & wait; wait'),
  );
  await until(() => readdirSync('/proc').filter((name) => childOf(Number(name), pid)).length === 2);
  const children = readdirSync('/proc')
    .map(Number)
    .filter((one) => childOf(one, pid));
  process.kill(shimPid(), 'SIGKILL');
  await driver.stop('one', { graceMs: 50 });
  assert.ok([pid, ...children].every(gone));
});

function childOf(pid: number, parent: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1').includes(`PPid:\t${parent}\n`);
  } catch {
    return false;
  }
}

test('what a command leaves behind ends with it, also in a session of its own', async () => {
  await driver.start(sh('setsid sleep 100 & echo $! > child; sleep 0.1; exit 4'));
  await until(async () => (await get())?.state === 'exited');
  assert.deepEqual((await get())?.exit, { code: 4 });
  assert.ok(gone(Number(readFileSync(data('child'), 'utf8'))));
});

test('in a graceful stop the children keep their grace after the command has ended', async () => {
  const child = `sh -c 'trap "sleep 0.2; touch finished; exit" TERM; touch armed; while :; do sleep 0.01; done'`;
  await driver.start(sh(`${child} & wait`));
  await until(() => existsSync(data('armed')));
  await driver.stop('one', { graceMs: 20_000 });
  assert.ok(existsSync(data('finished')));
});

test('SIGTERM comes once, however long the grace period is', async () => {
  await driver.start(sh('trap "echo TERM" TERM; touch armed; while :; do sleep 0.02; done'));
  await until(() => existsSync(data('armed')));
  await driver.stop('one', { graceMs: 1500 });
  const lines = readFileSync(join(root, 'i', 'one', 'log'), 'utf8').split('\n');
  assert.equal(lines.filter((line) => line === 'TERM').length, 1);
});

test('another process with the recorded pid is neither adopted nor touched', async () => {
  const { pid = 0 } = await driver.start(sh('exec sleep 100'));
  await driver.close();
  const record = readFileSync(runFile(), 'latin1');
  process.kill(shimPid(), 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until(() => gone(pid) && gone(shimPid()));

  const stranger = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
  const ended = once(stranger, 'exit');
  try {
    const strangerPid = stranger.pid ?? 0;
    writeFileSync(runFile(), record.replaceAll(new RegExp(`^${pid} `, 'gm'), `${strangerPid} `));
    driver = open();
    assert.equal((await get())?.state, 'exited');
    await driver.stop('one', { graceMs: 0 });
    await driver.destroy('one');
    assert.ok(!gone(strangerPid));
  } finally {
    stranger.kill('SIGKILL');
    await ended;
  }
});

test('a daemon killed between its intent and the start has started nothing, and a late shim runs nothing', async () => {
  const started = await driver.start(sh('exec sleep 100'));
  const intent = readFileSync(join(root, 'i', 'one', 'request'), 'utf8');
  await driver.stop('one', { graceMs: 0 });
  await driver.close();
  rmSync(runFile());
  rmSync(`${runFile()}.exit`);
  driver = open();
  const found = await get();
  assert.deepEqual(found?.exit, { reason: 'NotStarted' });
  assert.equal(readFileSync(join(root, 'i', 'one', 'request'), 'utf8'), intent);

  const late = spawn('sh', [
    join(root, 'supervise'),
    runFile(),
    `${runFile()}.exit`,
    join(root, 'late'),
    'touch',
    data('ran'),
  ]);
  await once(late, 'exit');
  assert.ok(!existsSync(data('ran')));
  assert.equal((await get())?.exit?.reason, 'NotStarted');
  assert.notEqual((await driver.start(sh('exec sleep 100'))).pid, started.pid);
});

test('work whose intent cannot be read, or is gone, is ended by the next daemon', async () => {
  const kept = await driver.start(sh('exec sleep 100', { id: 'kept' }));
  const { pid = 0 } = await driver.start(sh('exec sleep 100'));
  const other = await driver.start(sh('exec sleep 100', { id: 'two' }));
  await driver.close();
  writeFileSync(join(root, 'i', 'one', 'request'), '{"version":1,');
  rmSync(join(root, 'i', 'two', 'request'));
  driver = open();
  const listed = await driver.list();
  assert.deepEqual(
    listed.map(({ id, pid: running }) => [id, running]),
    [['kept', kept.pid]],
  );
  await until(() => gone(pid) && gone(other.pid ?? 0));
  assert.ok(existsSync(join(root, 'unreadable', 'one', 'log')));
  assert.equal((await driver.start(sh('exec sleep 100'))).state, 'running');
});

test('two daemons with one instance id each leave the other alone', async () => {
  const otherRoot = mkdtempSync(join(tmpdir(), 'p2d-'));
  const other = new ProcessDriver({ root: otherRoot, environment: process.env });
  try {
    const mine = await driver.start(sh('exec sleep 100'));
    const theirs = await other.start(sh('exec sleep 100'));
    await driver.destroy('one');
    assert.ok(gone(mine.pid ?? 0));
    assert.ok(!gone(theirs.pid ?? 0));
  } finally {
    await other.destroy('one');
    await other.close();
    rmSync(otherRoot, { recursive: true, force: true });
  }
});

test('what cannot be started is said with the place to mend it', async () => {
  const file = join(root, 'plain');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o600 });
  const cases: readonly (readonly [InstanceRequest['template'], RegExp])[] = [
    [{ command: ['no-such'] }, /no program "no-such" in PATH .*give its full path/],
    [{ command: ['/no/such'] }, /there is no program \/no\/such on this peer/],
    [{ command: [file] }, /is not executable/],
    [{ command: ['-x'] }, /is no program/],
    [{ command: ['true'], workingDir: '/no/such' }, /working folder \/no\/such does not exist/],
  ];
  for (const [template, why] of cases) {
    await assert.rejects(driver.start(sh('', { template })), why);
    assert.deepEqual(readdirSync(join(root, 'i')), []);
  }
});

test('an instance that cannot start again keeps what is known of its last end', async () => {
  await driver.start(sh('exit 9'));
  await until(async () => (await get())?.state === 'exited');
  await assert.rejects(driver.start(sh('', { template: { command: ['no-such'] } })));
  assert.deepEqual((await get())?.exit, { code: 9 });
});

test('a readiness command runs in the folder and environment of the instance, within its time', async () => {
  await driver.start(sh('exec sleep 100', { env: { MODE: 'x' } }));
  const exec = (script: string, timeoutMs: number) =>
    driver.exec('one', ['sh', '-c', script], timeoutMs);
  assert.deepEqual(await exec('test "$MODE" = x && test "$PWD" = "$HOME"', 10_000), { code: 0 });
  assert.deepEqual(await exec('sleep 100 & sleep 100', 50), { code: 124 });
  assert.deepEqual(await driver.exec('one', ['no-such'], 10_000), { code: 127 });
  assert.deepEqual(await exec('kill -9 $$', 10_000), { code: 137 });
});

test('a stat line is read right whatever the process is called', () => {
  const tail = Array.from({ length: 40 }, (_, i) => String(i + 4)).join(' ');
  for (const name of ['sh', 'a b', 'a) R 1 2', ')(', '']) {
    const stat = parseStat(`77 (${name}) S ${tail}`);
    assert.deepEqual(stat, { pid: 77, state: 'S', group: 5, session: 6, startTicks: 22 });
  }
  for (const broken of ['', '77', '77 (sh', '77 (sh) S 1 2', 'x (sh) S 1 2 3 4']) {
    assert.equal(parseStat(broken), undefined);
  }
  const mine = readStat(process.pid);
  assert.ok(mine !== undefined && isAlive(mine));
  assert.ok(!isAlive({ pid: mine.pid, startTicks: mine.startTicks + 1 }));
});
