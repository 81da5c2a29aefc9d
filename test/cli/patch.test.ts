import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { Ran } from './run-p2pctl.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
const run = (...args: readonly string[]): Promise<Ran> =>
  p2pctl(args, { env: { KUBECONFIG: server.kubeconfig }, cwd: server.folder });

async function ok(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}
const field = (path: string): Promise<string> => ok('get', 'slice/web', '-o', `jsonpath={${path}}`);

before(async () => {
  server = await startTestServer();
  await ok('run-nodes', 'web', '2');
});
after(() => server.server.close());

test('a merge patch sets and removes fields; YAML, JSON or a file', async () => {
  assert.equal(
    await ok('patch', 'slice', 'web', '-p', '{"spec": {"size": 4, "exclude": ["node9"]}}'),
    'slice.p2pcs.io/web patched\n',
  );
  assert.equal(await field('.spec.size} {.spec.exclude'), '4 ["node9"]');
  writeFileSync(join(server.folder, 'patch.yaml'), 'spec:\n  exclude: null\n');
  await ok('patch', 'slice/web', '--patch-file', 'patch.yaml');
  assert.equal(await field('.spec.exclude'), '');
  assert.equal(
    await ok('patch', 'slice/web', '-p', 'spec: {size: 4}'),
    'slice.p2pcs.io/web patched (no change)\n',
  );
});

test('a JSON patch is all or nothing: its test fails, so nothing is changed', async () => {
  const operations = (expected: number): string =>
    JSON.stringify([
      { op: 'replace', path: '/spec/size', value: 6 },
      { op: 'test', path: '/spec/replaceAfter', value: expected },
    ]);
  const { code, err } = await run('patch', 'slice/web', '--type', 'json', '-p', operations(1));
  assert.equal(code, 1);
  assert.match(err, /operation 1: /);
  assert.equal(await field('.spec.size'), '4');
  const replace = '[{"op": "replace", "path": "/spec/size", "value": 6}]';
  assert.equal(
    await ok('patch', 'slice/web', '--type=json', '-p', replace, '-o', 'jsonpath={.spec.size}'),
    '6',
  );
});

test('a dry run leaves the object as it was', async () => {
  assert.equal(
    await ok('patch', 'slice/web', '-p', 'spec: {size: 9}', '--dry-run=server'),
    'slice.p2pcs.io/web patched (server dry run)\n',
  );
  assert.equal(await field('.spec.size'), '6');
});

test('what cannot be a patch is wrong use; what the peer refuses says the field', async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['patch', 'slice/web'], 2, /-p TEXT or --patch-file/],
    [['patch', 'slice/web', '-p', '[]'], 2, /JSON patch: --type json/],
    [['patch', 'slice/web', '-p', '{}', '--type', 'json'], 2, /list of operations/],
    [['patch', 'slice/web', '-p', '{}', '--type', 'strategic'], 2, /merge, json/],
    [['patch', 'slices', '-p', '{}'], 2, /which slices\?/],
    [['patch', 'slice/web', '--patch-file', 'none'], 2, /no such file/],
    [['patch', 'slice/web', '-p', 'spec: {size: [}'], 1, /-p:1: /],
    [['patch', 'slice/web', '-p', 'spec: {sise: 1}'], 1, /unknown field "spec\.sise"/],
    [['patch', 'slice/web', '-p', 'spec: {size: 20000}'], 1, /spec\.size/],
    [['patch', 'slice/none', '-p', 'spec: {size: 1}'], 1, /"none" not found/],
    [['--context', 'bob', 'patch', 'slice/web', '-p', 'spec: {size: 1}'], 4, /alice/],
  ];
  await Promise.all(
    cases.map(async ([args, exitCode, message]) => {
      const { code, err } = await run(...args);
      assert.match(err, message, args.join(' '));
      assert.equal(code, exitCode, args.join(' '));
    }),
  );
  assert.equal(await field('.spec.size'), '6');
});

test('of several objects each is tried, and the failures are told', async () => {
  await ok('run-nodes', 'other', '1');
  const { code, out, err } = await run('patch', 'slice', 'a', 'web', 'b', '-p', 'spec: {size: 3}');
  assert.equal(code, 1);
  assert.equal(out, 'slice.p2pcs.io/web patched\n');
  assert.match(err, /2 of 3 objects failed:\n.*"a" not found\n.*"b" not found/);
  assert.equal(
    await ok('patch', 'slices', '--all', '-p', 'spec: {size: 1}'),
    'slice.p2pcs.io/other patched (no change)\nslice.p2pcs.io/web patched\n',
  );
});
