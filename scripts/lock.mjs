// A lock between processes of one machine: a folder that holds its owner's pid.
// The folder is renamed into place whole, so nobody ever sees a lock without its owner.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const HELD = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM']);
let taken = 0;

/** Whether a process with this pid runs; one of another user counts. */
export function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Run `work` while holding `folder`; a lock whose owner is gone, or older than `ageMaxMs`, is broken. */
export async function withLock(folder, { ageMaxMs, onWait = () => {} }, work) {
  for (let tries = 0; !acquire(folder); tries += 1) {
    if (breakIfStale(folder, ageMaxMs)) continue;
    if (tries === 0) onWait();
    await sleep(50);
  }
  process.once('exit', () => release(folder));
  try {
    return await work();
  } finally {
    release(folder);
  }
}

const owner = (folder) => readFileSync(`${folder}/pid`, 'utf8');
const besides = (folder) => `${folder}.${process.pid}.${(taken += 1)}`;

function acquire(folder) {
  const mine = besides(folder);
  mkdirSync(mine, { recursive: true });
  writeFileSync(`${mine}/pid`, String(process.pid));
  try {
    renameSync(mine, folder);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true });
    if (HELD.has(error.code)) return false;
    throw error;
  }
}

// Renamed away before it is deleted: an empty folder would let another rename land in it.
function remove(folder, expected) {
  const gone = besides(folder);
  try {
    renameSync(folder, gone);
  } catch {
    return; // somebody else was faster
  }
  if (owner(gone) === expected) rmSync(gone, { recursive: true });
  else renameSync(gone, folder);
}

function breakIfStale(folder, ageMaxMs) {
  try {
    const pid = owner(folder);
    const ageMs = Date.now() - statSync(folder).mtimeMs;
    if (alive(Number(pid)) && ageMs < ageMaxMs) return false;
    remove(folder, pid);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return true; // released meanwhile
    throw error;
  }
}

function release(folder) {
  try {
    if (owner(folder) === String(process.pid)) remove(folder, String(process.pid));
  } catch {
    // Broken by somebody who thought us stuck: it is theirs now.
  }
}
