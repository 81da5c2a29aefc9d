import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessDriver } from '../../../src/drivers/process/process-driver.ts';
import { readStat } from '../../../src/drivers/process/proc.ts';
import type { DriverRig } from './rig.ts';

const daemonFile = fileURLToPath(new URL('process-daemon.ts', import.meta.url));

export function processRig(): DriverRig {
  const root = mkdtempSync(join(tmpdir(), 'p2d-'));
  let boots = 0;
  const open = (): ProcessDriver =>
    new ProcessDriver({
      root,
      environment: process.env,
      pollMs: 100,
      ...(boots > 0 ? { bootId: `boot-${boots}` } : {}),
    });

  const pids = (shims: boolean): readonly number[] => {
    let token: string;
    try {
      token = readFileSync(join(root, 'token'), 'latin1');
    } catch {
      return [];
    }
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && isMarked(pid, token) && isShim(pid) === shims);
  };

  return {
    open,
    commands: {
      forever: ['sleep', 'infinity'],
      ignoreTerm: ['sh', '-c', 'trap "" TERM; sleep 1000 & sleep 1000 & while :; do wait; done'],
      missing: ['p2pcs-no-such-program'],
      exit: (code) => ['sh', '-c', `exit ${code}`],
      print: (line) => ['sh', '-c', `echo '${line}'; exec sleep infinity`],
    },
    kill: ({ pid }) => {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async startAndCrash(request) {
      const daemon = spawn(process.execPath, [daemonFile, root, JSON.stringify(request)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(daemon.stdout, 'data');
      const ended = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await ended;
    },
    async reboot() {
      // The shims first: a power cut leaves them no time to write an exit status.
      for (const pid of [...pids(true), ...pids(false)]) process.kill(pid, 'SIGKILL');
      while (pids(false).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      boots += 1;
    },
    countProcesses: () => pids(false).length,
    async dispose() {
      const driver = open();
      for (const { id } of await driver.list()) await driver.destroy(id);
      await driver.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function isMarked(pid: number, token: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(token);
  } catch {
    return false;
  }
}

/** The shim leads the session; right after a start the workload still bears the shim's command line. */
function isShim(pid: number): boolean {
  return readStat(pid)?.session === pid;
}
