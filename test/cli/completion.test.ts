import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
const bin = dirname(fileURLToPath(new URL('../../bin/p2pctl', import.meta.url)));

/** The words that are offered for the last of `typed`, and the directive. */
async function complete(...typed: readonly string[]): Promise<readonly string[]> {
  const { code, out, err } = await p2pctl(['__complete', ...typed], {
    env: { KUBECONFIG: server.kubeconfig },
    cwd: server.folder,
  });
  assert.deepEqual([code, err], [0, ''], typed.join(' '));
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]!);
}

/** What bash offers at the end of a line. */
async function inBash(line: string, word: string): Promise<readonly string[]> {
  const script = `
    source <(p2pctl completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    _p2pctl p2pctl "$2"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)(
    'bash',
    ['--norc', '-c', script, 'bash', line, word],
    {
      cwd: server.folder,
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        HOME: '/nonexistent',
        KUBECONFIG: server.kubeconfig,
      },
    },
  );
  return stdout.trimEnd().split('\n');
}

before(async () => {
  server = await startTestServer();
  for (const name of ['web', 'worker', 'db']) {
    const { code } = await p2pctl(['run-nodes', name, '1'], {
      env: { KUBECONFIG: server.kubeconfig },
    });
    assert.equal(code, 0);
  }
});
after(() => server.server.close());

test('verbs, options, values and kinds', async () => {
  assert.deepEqual(await complete('ann'), ['annotate', ':4']);
  assert.deepEqual(await complete('get', 'sl'), ['slices', ':4']);
  assert.deepEqual(await complete('get', '--watc'), ['--watch', ':4']);
  assert.deepEqual(await complete('get', 'slices', '-o', 'j'), ['json', 'jsonpath=', ':4']);
  assert.deepEqual(await complete('get', 'slices', '-o', 'jsonp'), ['jsonpath=', ':6']);
  assert.deepEqual(await complete('patch', '--type=j'), ['--type=json', ':4']);
  assert.deepEqual(await complete('config', 'use-'), ['use-context', ':4']);
  assert.deepEqual(await complete('completion', ''), ['bash', 'zsh', 'fish', ':4']);
  assert.deepEqual(await complete('apply', '-f', ''), [':0']);
  assert.deepEqual(await complete('nonsense', ''), [':4']);
});

test('names are those that are there now', async () => {
  assert.deepEqual(await complete('get', 'slice', 'w'), ['web', 'worker', ':4']);
  assert.deepEqual(await complete('describe', 'slice/d'), ['slice/db', ':4']);
  assert.deepEqual(await complete('label', 'slice', 'wo'), ['worker', ':4']);
  assert.deepEqual(await complete('ring', ''), ['db', 'web', 'worker', ':4']);
  assert.deepEqual(await complete('get', '--context', 'b'), ['bob', ':4']);
  assert.deepEqual(await complete('--context', 'alice', 'config', 'use-context', ''), [
    'alice',
    'bob',
    ':4',
  ]);
  assert.deepEqual(await complete('get', 'slices', '-n', 'def'), ['default', ':4']);
});

test('no peer, no names, and no noise in the line that is typed', async () => {
  const { code, out, err } = await p2pctl(['__complete', 'get', 'slice', ''], { cwd: '/' });
  assert.deepEqual([code, out, err], [0, ':4\n', '']);
});

test('bash offers them, words with breaks included', async () => {
  assert.deepEqual(await inBash('p2pctl get slice w', 'w'), ['web', 'worker']);
  assert.deepEqual(await inBash('p2pctl  delete slice/', 'slice/'), [
    'slice/db',
    'slice/web',
    'slice/worker',
  ]);
  assert.deepEqual(await inBash('p2pctl ring ', ''), ['db', 'web', 'worker']);
  assert.deepEqual(await inBash('p2pctl patch --type=m', 'm'), ['merge']);
});
