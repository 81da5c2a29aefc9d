import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { identity } from './test-cloud.ts';
import type { PeerId } from '../../src/objects/ids.ts';

/** A peer in a real process. */
export interface Child {
  readonly id: PeerId;
  readonly addresses: readonly string[];
  readonly process: ChildProcess;
  /** SIGKILL, and waits until the kernel has buried it. */
  kill(): Promise<void>;
  /** Asks it to stop; its exit code. */
  stop(): Promise<number | null>;
}

export async function startChild(
  name: string,
  options: {
    readonly boot?: number;
    readonly listen?: string;
    readonly bootstrap?: readonly string[];
  } = {},
): Promise<Child> {
  const script = fileURLToPath(new URL('host-process.ts', import.meta.url));
  const { boot = 1, listen = '/ip4/127.0.0.1/tcp/0', bootstrap = [] } = options;
  const child = spawn(process.execPath, [script, name, String(boot), listen, ...bootstrap], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const exited = once(child, 'exit') as Promise<[number | null]>;
  return {
    id: identity(name).peer,
    addresses: JSON.parse(line) as string[],
    process: child,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.stdin.end();
      const [code] = await exited;
      return code;
    },
  };
}
