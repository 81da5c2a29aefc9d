import { execFile, execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';

import type { TestServer } from './test-server.ts';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const commandMs = 60_000;

/** The `kubectl` of PATH, and others that stand beside it as kubectl.1.NN. */
export function findKubectls(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(':');
  const found = folders.map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path));
  if (found === undefined) return [];
  const real = execFileSync('readlink', ['-f', found], { encoding: 'utf8' }).trim();
  return [found, ...globSync(`${real}.1.*`).toSorted()];
}

/** Runs kubectl against a test server, with a home and a kubeconfig of its own. */
export function kubectlOf(
  binary: string,
  server: TestServer,
): (command: string, input?: string) => Promise<Run> {
  return (command, input) =>
    new Promise((resolve) => {
      // A word in quotes is one argument.
      const words = command.match(/'[^']*'|\S+/g) ?? [];
      const child = execFile(
        binary,
        words.map((word) => word.replaceAll("'", '')),
        {
          encoding: 'utf8',
          timeout: commandMs,
          env: { PATH: process.env['PATH'], HOME: server.folder, KUBECONFIG: server.kubeconfig },
        },
        (error, out, err) => {
          const code = error === null ? 0 : Number((error as { code?: unknown }).code ?? -1);
          resolve({ code, out, err });
        },
      );
      child.stdin?.end(input ?? '');
    });
}
