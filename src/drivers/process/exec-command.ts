import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** timeout(1)'s code for a command that took too long. */
const timedOutCode = 124;
/** POSIX shells' codes. */
const notFoundCode = 127;
const notStartedCode = 126;

/** Runs a command to its end, its output dropped; after `timeoutMs` its process group is killed and the code is 124. */
export async function execCommand(
  command: readonly string[],
  options: {
    readonly folder: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  },
): Promise<{ readonly code: number }> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      env: { ...options.env },
      detached: true,
      stdio: 'ignore',
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) killGroup(child.pid);
    }, options.timeoutMs);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ code: error.code === 'ENOENT' ? notFoundCode : notStartedCode });
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      const signalCode = signal === null ? notStartedCode : 128 + constants.signals[signal];
      resolve({ code: timedOut ? timedOutCode : (code ?? signalCode) });
    });
  });
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It ended in the same moment.
  }
}
