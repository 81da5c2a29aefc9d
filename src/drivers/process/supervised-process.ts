import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { readRunRecord, type RunRecord, voidRunRecord } from './run-record.ts';

export interface Supervised {
  readonly record: RunRecord;
  readonly shim: ChildProcess;
}

const recordWithinMs = 10_000;
const pollMinMs = 1;
const pollMaxMs = 20;

/**
 * Starts one attempt under the shim, in a session of its own and without any pipe to this daemon, so that neither's
 * end touches the other. Resolves when the attempt has put itself on record; an attempt that does not is made void,
 * so that it cannot run later.
 *
 * @throws Error when nothing runs
 */
export async function startSupervised(options: {
  readonly supervise: string;
  readonly run: string;
  readonly exit: string;
  readonly log: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): Promise<Supervised> {
  const shim = spawn(
    '/bin/sh',
    [options.supervise, options.run, options.exit, options.log, ...options.command],
    { cwd: options.folder, env: { ...options.env }, detached: true, stdio: 'ignore' },
  );
  let failure: Error | undefined;
  let ended = false;
  shim.once('error', (error) => (failure = error));
  shim.once('exit', () => (ended = true));
  shim.unref();

  const untilMs = performance.now() + recordWithinMs;
  for (let waitMs = pollMinMs; ; waitMs = Math.min(2 * waitMs, pollMaxMs)) {
    const over = failure !== undefined || ended || performance.now() > untilMs;
    const record = readRunRecord(options.run);
    if (typeof record === 'object') return { record, shim };
    if (over && voidRunRecord(options.run)) {
      shim.kill('SIGKILL');
      throw (
        failure ?? new Error(ended ? 'the shim ended at once' : 'the shim did not begin in time')
      );
    }
    if (over && performance.now() > untilMs) throw new Error('the shim put nothing on record');
    await delay(waitMs);
  }
}
