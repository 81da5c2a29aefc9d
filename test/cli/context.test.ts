import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

import { chooseContext } from '../../src/cli/choose-context.ts';
import { findKubeconfig, kubeconfigPaths } from '../../src/cli/find-kubeconfig.ts';
import type { Kubeconfig } from '../../src/client/kubeconfig.ts';

let root = '';
const at = (...parts: readonly string[]): string => join(root, ...parts);
const put = (text: string, ...parts: readonly string[]): string => {
  mkdirSync(at(...parts.slice(0, -1)), { recursive: true });
  writeFileSync(at(...parts), text);
  return at(...parts);
};
const config = (...names: readonly string[]): string =>
  JSON.stringify({
    kind: 'Config',
    'current-context': names[0],
    clusters: names.map((name) => ({ name, cluster: { server: `https://${name}:1` } })),
    contexts: names.map((name) => ({ name, context: { cluster: name } })),
  });

before(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'p2pcs-context-')));
  put(config('near'), 'work', 'lab', '.p2pcs', 'kubeconfig');
  put(config('upper'), 'work', '.p2pcs', 'kubeconfig');
  put(config('home'), 'home', '.p2pcs', 'kubeconfig');
  put(config('kubernetes'), 'home', '.kube', 'config');
  put(config('one', 'shared'), 'one');
  put(config('two', 'shared'), 'two');
  mkdirSync(at('work', 'lab', 'deep', 'down'), { recursive: true });
  mkdirSync(at('elsewhere'));
});
after(() => rmSync(root, { recursive: true }));

const find = (cwd: string, env: Record<string, string> = {}, option?: string): readonly string[] =>
  kubeconfigPaths({ cwd: at(...cwd.split('/')), env, option, home: at('home') });

test('the nearest .p2pcs wins, from any folder below; then the one at home', () => {
  assert.deepEqual(find('work/lab/deep/down'), [at('work', 'lab', '.p2pcs', 'kubeconfig')]);
  assert.deepEqual(find('work'), [at('work', '.p2pcs', 'kubeconfig')]);
  assert.deepEqual(find('elsewhere'), [at('home', '.p2pcs', 'kubeconfig')]);
});

test('--kubeconfig goes before KUBECONFIG, and that before the nearest', () => {
  assert.deepEqual(find('work', { KUBECONFIG: at('one') }, '../two'), [at('two')]);
  assert.deepEqual(find('work', { KUBECONFIG: `${at('one')}:${at('two')}` }), [
    at('one'),
    at('two'),
  ]);
});

test('~/.kube/config is never read, by whatever way it is named', () => {
  const kubernetes = at('home', '.kube', 'config');
  assert.deepEqual(find('work', { KUBECONFIG: kubernetes }), [at('work', '.p2pcs', 'kubeconfig')]);
  symlinkSync(kubernetes, at('link'));
  assert.deepEqual(find('work', { KUBECONFIG: `${at('link')}:${at('one')}` }), [at('one')]);
  assert.throws(() => find('work', {}, at('link')), { exitCode: 2, message: /never reads/ });
});

test('a file that is named and missing is an error, not another cloud', () => {
  assert.throws(() => find('work', { KUBECONFIG: at('nope') }), { exitCode: 2 });
  assert.throws(() => find('work', {}, 'nope'), { exitCode: 2 });
});

test('no cloud at all says how to get one', async () => {
  const places = { cwd: at('elsewhere'), env: {}, home: at('elsewhere') };
  await assert.rejects(findKubeconfig(places), { exitCode: 5, message: /no cloud found/ });
});

test('several files are read as one; the first entry of a name counts', async () => {
  const env = { KUBECONFIG: `${at('one')}:${at('two')}` };
  const found = await findKubeconfig({ cwd: root, env, home: at('home') });
  assert.equal(found.currentContext, 'one');
  assert.deepEqual(
    found.contexts.map(({ name }) => name),
    ['one', 'shared', 'two'],
  );
});

const many = (currentContext?: string): Kubeconfig => ({
  path: '/x',
  contexts: ['node1', 'node2', 'bob@node1', 'bob@node2'].map((name) => ({
    name,
    server: 'https://h:1',
    namespace: 'default',
  })),
  ...(currentContext === undefined ? {} : { currentContext }),
});

test('--peer keeps the owner of the current context', () => {
  assert.equal(chooseContext(many('node1'), { peer: 'node2' }).name, 'node2');
  assert.equal(chooseContext(many('bob@node1'), { peer: 'node2' }).name, 'bob@node2');
  assert.equal(chooseContext(many('node1'), { context: 'bob@node2' }).name, 'bob@node2');
  assert.equal(chooseContext(many('bob@node1'), {}).name, 'bob@node1');
});

test('a context that is not there is wrong use, with the nearest one', () => {
  assert.throws(() => chooseContext(many('node1'), { peer: 'node22' }), {
    exitCode: 2,
    help: ['did you mean node2?', 'it has: node1, node2, bob@node1, bob@node2'],
  });
  assert.throws(() => chooseContext(many('node1'), { peer: 'node2', context: 'node1' }), {
    exitCode: 2,
  });
  assert.throws(() => chooseContext(many(), {}), { exitCode: 2, message: /no current-context/ });
});
