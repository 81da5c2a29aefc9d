// Installs the dependencies when the lockfile changed since the last time, and is silent otherwise.
// Runs before start, test, check, build and bench; must work with Node 20 and nothing installed.
//   node scripts/setup.mjs               install if needed
//   node scripts/setup.mjs --installed   npm calls this (prepare) after an install: link and stamp
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { alive, withLock } from './lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules/.p2pcs-lock');
const INSTALL_MAX_MS = 10 * 60_000;

const wanted = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const installed = () => (existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : '');
const upToDate = () => installed() === wanted();

function finish() {
  for (const name of ['p2pctl', 'p2pcsd']) {
    const link = join(root, 'node_modules/.bin', name);
    rmSync(link, { force: true });
    symlinkSync(join('../../bin', name), link);
  }
  writeFileSync(stamp, `${wanted()}\n`);
}

/** The names of the peers of this checkout's local cloud that run now. */
function runningPeers() {
  const cloud = join(root, '.p2pcs');
  if (!existsSync(cloud)) return [];
  return readdirSync(cloud).filter((name) => {
    const file = join(cloud, name, 'p2pcsd.pid');
    if (!existsSync(file)) return false;
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && alive(pid) && commandLine(pid).includes('p2pcsd');
  });
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return existsSync('/proc/self') ? '' : 'p2pcsd'; // without /proc, believe the pid file
  }
}

function install() {
  const peers = runningPeers();
  if (peers.length > 0) {
    throw new Error(
      `package-lock.json changed, but a local cloud of this checkout runs (${peers.join(', ')}).\n` +
        'Reinstalling would take its files away. Run `npm run stop` first, then this command again.',
    );
  }
  const startedMs = Date.now();
  console.error('p2pcs: installing dependencies (npm ci; a minute or so, once per lockfile)');
  // Not the pinned node of node_modules/.bin: `npm ci` deletes it.
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(`node_modules${sep}.bin`))
    .join(delimiter);
  const npm = spawnSync(
    'npm',
    'ci --no-audit --no-fund --include=dev --include=optional --loglevel=error'.split(' '),
    { cwd: root, env: { ...process.env, PATH: path }, encoding: 'utf8' },
  );
  if (npm.error !== undefined || npm.status !== 0) {
    const why = npm.error?.message ?? `exit ${npm.status ?? npm.signal}`;
    throw new Error(`npm ci failed (${why})\n${npm.stdout ?? ''}${npm.stderr ?? ''}`);
  }
  finish();
  console.error(`p2pcs: installed in ${Math.round((Date.now() - startedMs) / 1000)} s`);
}

try {
  if (process.argv[2] === '--installed') {
    finish();
  } else if (!upToDate()) {
    const onWait = () => console.error('p2pcs: waiting for another installation to finish');
    await withLock(join(root, '.setup-lock'), { ageMaxMs: INSTALL_MAX_MS, onWait }, () => {
      if (!upToDate()) install();
    });
  }
} catch (error) {
  console.error(`p2pcs: ${error.message}`);
  process.exitCode = 1;
}
