import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { tmpdir } from 'node:os';

import { endMonitors, registerMonitor } from '../../src/cli/monitors.ts';
import { readStat } from '../../src/drivers/process/proc.ts';

test('ends exactly the monitors that still are what they were, and forgets the others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2pcs-monitors-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const monitors = join(folder, 'monitors');
  mkdirSync(monitors);
  const put = (pid: number, startTicks: number): void =>
    writeFileSync(join(monitors, `${pid}.json`), JSON.stringify({ pid, startTicks }));
  const monitor = spawn('sleep', ['60']);
  const stranger = spawn('sleep', ['60']);
  try {
    put(monitor.pid!, readStat(monitor.pid!)!.startTicks);
    // The number is in use again by somebody else, started later.
    put(stranger.pid!, readStat(stranger.pid!)!.startTicks - 1);
    put(2 ** 22 - 1, 5);
    writeFileSync(join(monitors, '1.json'), JSON.stringify({ pid: 1, startTicks: 0 }));
    writeFileSync(join(monitors, '7.json'), 'nonsense');
    const ended = once(monitor, 'exit');
    assert.equal(endMonitors(kubeconfig), 1);
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    assert.equal(stranger.exitCode ?? stranger.signalCode, null);
    assert.deepEqual(readdirSync(monitors), [`${monitor.pid}.json`]);
    assert.equal(endMonitors(kubeconfig), 0);
  } finally {
    stranger.kill();
    monitor.kill();
    rmSync(folder, { recursive: true });
  }
});

test('a monitor announces itself and takes that back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2pcs-monitors-'));
  const leave = registerMonitor(join(folder, 'kubeconfig'));
  assert.deepEqual(readdirSync(join(folder, 'monitors')), [`${process.pid}.json`]);
  leave();
  assert.deepEqual(readdirSync(join(folder, 'monitors')), []);
  assert.equal(endMonitors(join(folder, 'nowhere', 'kubeconfig')), 0);
  rmSync(folder, { recursive: true });
});
