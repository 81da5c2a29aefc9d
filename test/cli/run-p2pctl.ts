import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

const launcher = fileURLToPath(new URL('../../bin/p2pctl', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Starts p2pctl as a user does, in an environment with nothing of ours in it. */
export function startP2pctl(
  args: readonly string[],
  { cwd = '/', env = {} }: RunOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(launcher, [...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
  });
}

/** Runs p2pctl to its end. */
export function p2pctl(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = startP2pctl(args, options);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((done, fail) => {
    child.on('error', fail).on('close', (code) => done({ code, out, err }));
  });
}
