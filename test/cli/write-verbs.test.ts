import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { Ran } from './run-p2pctl.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
const run = (
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> =>
  p2pctl(args, { env: { KUBECONFIG: server.kubeconfig, ...env }, cwd: server.folder, input });

async function ok(args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await run(args, input);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}
const field = (name: string, path: string): Promise<string> =>
  ok(['get', `slice/${name}`, '-o', `jsonpath={${path}}`]);
const slice = (name: string, spec: string, more = ''): string =>
  `apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata: {name: ${name}${more}}\nspec: ${spec}\n`;

before(async () => {
  server = await startTestServer();
});
after(() => server.server.close());

test('create makes objects, and says what to do when one is there', async () => {
  const two = `${slice('a', '{size: 1}')}---\n${slice('b', '{size: 2}')}`;
  assert.equal(
    await ok(['create', '-f', '-', '--dry-run=server'], two),
    'slice.p2pcs.io/a created (server dry run)\nslice.p2pcs.io/b created (server dry run)\n',
  );
  assert.equal((await run(['get', 'slice/a'])).code, 1);
  assert.equal(
    await ok(['create', '-f', '-'], two),
    'slice.p2pcs.io/a created\nslice.p2pcs.io/b created\n',
  );
  const again = await run(['create', '-f', '-'], two);
  assert.equal(again.code, 1);
  assert.match(again.err, /slice\.p2pcs\.io\/a: .*already exists\n {2}apply .*\n {2}1 more/);
  const wrong = await run(['create', '-f', '-'], slice('c', '\n  sise: 1'));
  assert.match(wrong.err, /standard input:5: unknown field "spec\.sise"; did you mean spec\.size/);
  const refused = await run(['--context', 'bob', 'create', '-f', '-'], slice('c', '{size: 1}'));
  assert.equal(refused.code, 4);
});

test('create --save-config lets apply remove fields later', async () => {
  await ok(['create', '--save-config', '-f', '-'], slice('kept', '{size: 1, exclude: [node9]}'));
  await ok(['apply', '-f', '-'], slice('kept', '{size: 1}'));
  assert.equal(await field('kept', '.spec.exclude'), '');
});

test('replace leaves only what the file says; a version in it guards the object', async () => {
  await ok(['apply', '-f', '-'], slice('whole', '{size: 1, exclude: [node9]}'));
  const version = await field('whole', '.metadata.resourceVersion');
  assert.equal(
    await ok(['replace', '-f', '-'], slice('whole', '{size: 2}')),
    'slice.p2pcs.io/whole replaced\n',
  );
  assert.equal(await field('whole', '.spec.size} {.spec.exclude'), '2 ');
  const stale = slice('whole', '{size: 3}', `, resourceVersion: "${version}"`);
  const { code, err } = await run(['replace', '-f', '-'], stale);
  assert.equal(code, 1);
  assert.match(err, /cannot replace slice\.p2pcs\.io\/whole: /);
  assert.equal(await field('whole', '.spec.size'), '2');
  const none = await run(['replace', '-f', '-'], slice('none', '{size: 1}'));
  assert.match(none.err, /"none" not found\n {2}make it: p2pctl create/);
  // What replaced it is the wish: apply has nothing to do.
  assert.equal(
    await ok(['apply', '-f', '-'], slice('whole', '{size: 2}')),
    'slice.p2pcs.io/whole unchanged\n',
  );
});

test('diff: 0 the same, 1 different, more when it failed; nothing is written', async () => {
  const wish = slice('seen', '{size: 1}');
  const writes = server.backend.writes;
  const fresh = await run(['diff', '-f', '-'], wish);
  assert.equal(fresh.code, 1, fresh.err);
  assert.match(fresh.out, /MERGED\/v1alpha1\.p2pcs\.io\.Slice\.default\.seen/);
  assert.match(fresh.out, /^\+ {2}size: 1$/m);
  assert.equal(server.backend.writes, writes);
  await ok(['apply', '-f', '-'], wish);
  assert.deepEqual(await run(['diff', '-f', '-'], wish), { code: 0, out: '', err: '' });
  const changed = await run(['diff', '-f', '-'], slice('seen', '{size: 3}'));
  assert.equal(changed.code, 1);
  assert.match(changed.out, /^- {2}size: 1\n\+ {2}size: 3$/m);
  assert.doesNotMatch(changed.out + fresh.out, /last-applied/);
  const invalid = await run(['diff', '-f', '-'], slice('seen', '{size: 20000}'));
  assert.equal(invalid.code, 2);
  assert.match(invalid.err, /standard input:4: spec\.size/);
  assert.equal((await run(['diff', '-f', '-'], 'kind: [')).code, 2);
  assert.equal((await run(['diff', '-f', 'none.yaml'])).code, 2);
});

test('diff runs the program that KUBECTL_EXTERNAL_DIFF names', async () => {
  const program = join(server.folder, 'my-diff');
  writeFileSync(program, '#!/bin/sh\necho "$1"; ls "$3"; exit 0\n');
  chmodSync(program, 0o755);
  const wish = slice('other', '{size: 1}');
  const env = { KUBECTL_EXTERNAL_DIFF: `${program} --brief ;rm` };
  const { code, out } = await run(['diff', '-f', '-'], wish, env);
  assert.deepEqual([code, out], [0, '--brief\nv1alpha1.p2pcs.io.Slice.default.other\n']);
  const missing = await run(['diff', '-f', '-'], wish, { KUBECTL_EXTERNAL_DIFF: './none' });
  assert.equal(missing.code, 2);
  assert.match(missing.err, /cannot run \.\/none/);
});
