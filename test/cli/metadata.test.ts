import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { conflicting, patchOf, splitChanges } from '../../src/cli/metadata-changes.ts';
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

before(async () => {
  server = await startTestServer();
  await ok('run-nodes', 'web', '2');
  await ok('run-nodes', 'db', '1');
});
after(() => server.server.close());

test('names end where changes begin', () => {
  const { objects, changes } = splitChanges(['slice', 'web-1', 'a=b=c', 'empty=', 'old-']);
  assert.deepEqual(objects, ['slice', 'web-1']);
  assert.deepEqual(
    [...changes.set],
    [
      ['a', 'b=c'],
      ['empty', ''],
    ],
  );
  assert.deepEqual([...changes.remove], ['old']);
  assert.throws(() => splitChanges(['slice', 'a=b', 'web']), /"web" is no change/);
  assert.throws(() => splitChanges(['slice', 'web', 'a=b', 'a-']), /a is changed twice/);
});

test('only what differs is patched, and a value that is there is a conflict', () => {
  const { changes } = splitChanges(['x', 'a=1', 'b=2', 'c-', 'd-']);
  assert.deepEqual(patchOf({ a: '1', c: '3' }, changes), { b: '2', c: null });
  assert.equal(patchOf({ a: '1', b: '2' }, changes), undefined);
  assert.deepEqual(conflicting({ a: '0', b: '2', c: '3' }, changes), [['a', '0']]);
});

test('label: set, refused without --overwrite, replaced, removed, listed, selected', async () => {
  assert.equal(await ok('label', 'slice', 'web', 'team=solver'), 'slice.p2pcs.io/web labeled\n');
  assert.equal(await ok('label', 'slice/web', 'team=solver'), 'slice.p2pcs.io/web not labeled\n');
  const refused = await run('label', 'slice/web', 'team=other');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /team is "solver" already\n {2}replace it: --overwrite/);
  await ok('label', 'slice/web', 'team=other', 'stage=test', '--overwrite');
  assert.equal(await ok('label', 'slice/web', '--list'), 'stage=test\nteam=other\n');
  assert.equal(
    await ok('label', 'slices', '-l', 'team=other', 'x=y', '--dry-run=server'),
    'slice.p2pcs.io/web labeled (server dry run)\n',
  );
  assert.equal(
    await ok('label', 'slices', '--all', 'stage-'),
    'slice.p2pcs.io/db not unlabeled\nslice.p2pcs.io/web unlabeled\n',
  );
  assert.equal(await ok('label', 'slice/web', '--list'), 'team=other\n');
});

test('annotate keeps the note, and the annotations of others', async () => {
  assert.equal(
    await ok('annotate', 'slice', 'web', 'note=for the talk = soon'),
    'slice.p2pcs.io/web annotated\n',
  );
  const listed = await ok('annotate', 'slice/web', '--list');
  assert.match(
    listed,
    /^kubectl\.kubernetes\.io\/last-applied-configuration=.*\nnote=for the talk = soon\n$/s,
  );
  assert.equal(await ok('annotate', 'slice/web', 'note-'), 'slice.p2pcs.io/web unannotated\n');
});

test('label and annotate: wrong use, and what the peer refuses', async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['label', 'slice/web'], 2, /which labels\?/],
    [['label', 'slice/web', 'a=b', '--list'], 2, /--list changes nothing/],
    [['annotate', 'slices', 'a=b'], 2, /which slices\?/],
    [['label', 'slice/web', 'a=no spaces'], 1, /metadata\.labels/],
    [['label', 'slice/none', 'a=b'], 1, /"none" not found/],
    [['--context', 'bob', 'label', 'slice/web', 'a=b'], 4, /alice/],
  ];
  await Promise.all(
    cases.map(async ([args, exitCode, message]) => {
      const { code, err } = await run(...args);
      assert.match(err, message, args.join(' '));
      assert.equal(code, exitCode, args.join(' '));
    }),
  );
});

test('api-resources lists what the peer serves', async () => {
  const table = await ok('api-resources');
  assert.match(table, /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/);
  assert.match(table, /\nslices +\S* *p2pcs\.io\/v1alpha1 +true +Slice\n/);
  assert.match(table, /\nnamespaces +\S* *v1 +false +Namespace\n/);
  const names = (await ok('api-resources', '--namespaced=false', '-o', 'name')).split('\n');
  assert.ok(names.includes('peers.p2pcs.io') && names.includes('namespaces'));
  assert.ok(!names.includes('slices.p2pcs.io'));
  const core = await ok('api-resources', '--api-group=', '--no-headers', '-o', 'wide');
  assert.match(core, /^\S+ .* v1 .*get,list/m);
  assert.doesNotMatch(core, /p2pcs\.io/);
  const kind = '{.resources[?(@.name=="slices")].kind}';
  assert.equal(await ok('api-resources', '-o', `jsonpath=${kind}`), 'Slice');
});
