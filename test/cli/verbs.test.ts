import assert from 'node:assert/strict';
import { Command } from 'commander';
import { after, before, test } from 'node:test';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { kindKeys } from '../../src/objects/kind-keys.ts';
import { p2pctl, startP2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import { verbs } from '../../src/cli/verbs.ts';
import type { Cli } from '../../src/cli/cli.ts';
import type { Ran } from './run-p2pctl.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
let env: Record<string, string>;
const run = (args: readonly string[], input?: string): Promise<Ran> =>
  p2pctl(args, { env, cwd: server.folder, ...(input === undefined ? {} : { input }) });

async function ok(args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await run(args, input);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

before(async () => {
  server = await startTestServer();
  env = { KUBECONFIG: server.kubeconfig };
  for (const name of ['node1', 'node2']) {
    server.backend.put(kindKeys.peer, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Peer',
      name,
      spec: { owner: 'alice', peerId: `id-${name}`, addresses: ['/ip4/127.0.0.1/tcp/1'] },
      status: {
        attributes: { cores: '2' },
        drivers: [],
        version: '0.1.0',
        boot: 1,
        startedAt: '',
        state: 'Alive',
      },
    });
  }
});
after(() => server.server.close());

const slice = (name: string, spec: string): string =>
  `apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

test('help: every verb has a summary, examples and exit code 0', async () => {
  const top = await p2pctl(['--help']);
  assert.equal(top.code, 0);
  for (const { name, summary } of verbs)
    assert.match(top.out, new RegExp(`${name} +${summary.slice(0, 10)}`));
  for (const verb of verbs) {
    let text = '';
    const command = new Command(verb.name).configureOutput({ writeOut: (part) => (text += part) });
    (await verb.load()).define(command, {} as Cli);
    command.outputHelp();
    assert.match(text, /Examples:\n {2}# /, verb.name);
  }
  const { code, out } = await p2pctl(['help', 'get']);
  assert.equal(code, 0);
  assert.match(out, /^Usage: p2pctl get /);
});

test('wrong use is exit code 2, and says what was meant', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['gte'], /no verb "gte"\n {2}did you mean get\?/],
    [['get'], /missing required argument 'kind'/],
    [['get', 'slcies'], /no kind "slcies"\n {2}did you mean slices\?/],
    [['get', 'slices', '--wach'], /unknown option '--wach'\n {2}did you mean --watch\?/],
    [['get', 'slices', '-o', 'ymal'], /no such format\n {2}did you mean yaml\?/],
    [['get', 'peers', 'slice/x'], /no name/],
    [['apply'], /--filename/],
    [['apply', '-f', 'nowhere.yaml'], /nowhere\.yaml: there is no such file/],
    [['scale', 'slice/x', '--size', 'many'], /"many" is not a whole number/],
    [['scale', 'peer/node1', '--size', '2'], /peers have no size/],
    [['delete', 'slices'], /which slices\?/],
    [['--context', 'carol', 'get', 'peers'], /no such context/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, err } = await run(args);
      assert.match(err, message, args.join(' '));
      assert.equal(code, 2, args.join(' '));
    }),
  );
});

test('get prints the server table, several kinds under their own headers', async () => {
  await ok(['run-nodes', 'web', '2']);
  const out = await ok(['get', 'peers,slice']);
  assert.match(out, /^NAME +OWNER +STATE.*\npeer\.p2pcs\.io\/node1 +alice +Alive/);
  assert.match(out, /\n\nNAME +DESIRED.*\nslice\.p2pcs\.io\/web /);
  assert.match(await ok(['get', 'slices', '-A']), /^NAMESPACE +NAME/);
  assert.equal(
    await ok(['get', 'peer', 'node1', 'node2', '-o', 'name']),
    'peer.p2pcs.io/node1\npeer.p2pcs.io/node2\n',
  );
  assert.equal(await ok(['get', 'slices', '-o', 'jsonpath={.items[*].spec.size}']), '2');
  const none = await run(['get', 'slices', '-n', 'lab']);
  assert.deepEqual(
    [none.code, none.out, none.err],
    [0, '', 'No resources found in lab namespace.\n'],
  );
  const missing = await run(['get', 'slice/nope']);
  assert.equal(missing.code, 1);
  assert.equal((await run(['get', 'slice/nope', '--ignore-not-found'])).code, 0);
});

test('get -w goes on with changes until it is interrupted, which is its good end', async () => {
  const child = startP2pctl(
    ['get', 'slices', '-w', '-o', 'jsonpath={.metadata.name}={.spec.size}{"\\n"}'],
    {
      env,
      cwd: server.folder,
    },
  );
  let out = '';
  const seen = (text: string): Promise<void> =>
    new Promise((done) => {
      const look = (): void => {
        if (!out.includes(text)) return;
        child.stdout.off('data', look);
        done();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await seen('web=2\n');
  await ok(['scale', 'slice', 'web', '--size', '3']);
  await seen('web=3\n');
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
});

test('apply: created, unchanged, configured; from standard input and folders', async () => {
  assert.equal(
    await ok(['apply', '-f', '-'], slice('a', '{size: 1}')),
    'slice.p2pcs.io/a created\n',
  );
  assert.equal(
    await ok(['apply', '-f', '-'], slice('a', '{size: 1}')),
    'slice.p2pcs.io/a unchanged\n',
  );
  const folder = join(server.folder, 'manifests');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.yaml'), slice('a', '{size: 2}'));
  writeFileSync(join(folder, 'b.yml'), slice('b', '{size: 1}'));
  writeFileSync(join(folder, 'notes.txt'), 'nothing');
  assert.equal(
    await ok(['apply', '-f', 'manifests', '--dry-run=server']),
    'slice.p2pcs.io/a configured (server dry run)\nslice.p2pcs.io/b created (server dry run)\n',
  );
  assert.equal(await ok(['get', 'slice/a', '-o', 'jsonpath={.spec.size}']), '1');
  assert.equal(
    await ok(['apply', '-f', 'manifests']),
    'slice.p2pcs.io/a configured\nslice.p2pcs.io/b created\n',
  );
  assert.equal(
    await ok(['delete', '-f', 'manifests']),
    'slice.p2pcs.io "b" deleted\nslice.p2pcs.io "a" deleted\n',
  );
});

test('apply writes nothing when one of its documents is refused, and says where and why', async () => {
  const file = join(server.folder, 'bad.yaml');
  writeFileSync(
    file,
    `${slice('good', '{size: 1}')}---\n${slice('bad', '\n  sise: 3\n  size: 20000')}`,
  );
  const writes = server.backend.writes;
  const { code, err } = await run(['apply', '-f', 'bad.yaml']);
  assert.equal(code, 1);
  assert.match(err, /bad\.yaml:10: unknown field "spec\.sise"; did you mean spec\.size\?/);
  assert.equal(server.backend.writes, writes);
  writeFileSync(
    file,
    `${slice('good', '{size: 1}')}---\n${slice('bad', '{size: 20000, percent: 300}')}`,
  );
  const invalid = await run(['apply', '-f', 'bad.yaml']);
  assert.match(invalid.err, /bad\.yaml:9: spec\.size: .*10000/);
  assert.equal(server.backend.writes, writes);
});

test('apply refuses an unknown kind, a twin, and a namespace that contradicts -n', async () => {
  const kind = await run(['apply', '-f', '-'], slice('x', '{}').replace('Slice', 'Slise'));
  assert.match(
    kind.err,
    /standard input:2: the cloud has no kind Slise .*\n {2}did you mean kind Slice\?/,
  );
  const twin = await run(
    ['apply', '-f', '-'],
    `${slice('x', '{size: 1}')}---\n${slice('x', '{size: 2}')}`,
  );
  assert.match(twin.err, /standard input:6: .*twice; first at standard input:1/);
  const inLab = slice('x', '{size: 1}').replace('name: x', 'name: x, namespace: lab');
  const contrary = await run(['apply', '-n', 'default', '-f', '-'], inLab);
  assert.equal(contrary.code, 2);
});

test('what a policy refuses is exit code 4, with its words', async () => {
  const { code, err } = await run(['--context', 'bob', 'run-nodes', 'x', '2']);
  assert.equal(code, 4);
  assert.match(err, /belongs to alice/);
  const applied = await run(['--context', 'bob', 'apply', '-f', '-'], slice('fresh', '{size: 1}'));
  assert.equal(
    (await server.ask('/apis/p2pcs.io/v1alpha1/namespaces/default/slices/fresh')).code,
    404,
  );
  assert.equal(applied.code, 4);
});

test('wait: met, timed out with the reason, deleted', async () => {
  await ok(['run-nodes', 'waited', '2']);
  const late = await run(['wait', 'slice/waited', '--for=condition=Ready', '--timeout', '200ms']);
  assert.equal(late.code, 3);
  assert.match(late.err, /timed out waiting for condition Ready on slice\.p2pcs\.io\/waited: /);
  const waiting = run(['wait', 'slice/waited', '--for=condition=Ready', '--timeout', '20s']);
  server.backend.settle('default', 'waited');
  assert.deepEqual(await waiting, {
    code: 0,
    out: 'slice.p2pcs.io/waited condition met\n',
    err: '',
  });
  assert.equal(await ok(['delete', 'slice', 'waited']), 'slice.p2pcs.io "waited" deleted\n');
  assert.equal(
    await ok(['wait', 'slice/waited', '--for=delete']),
    'slice.p2pcs.io/waited deleted\n',
  );
  assert.equal((await run(['wait', 'slice/waited', '--for=condition=Ready'])).code, 1);
});

test("the paper's verbs: one patch each, refused as a whole when a peer is no member", async () => {
  await ok(['run-nodes', 'paper', '5']);
  server.backend.settle('default', 'paper');
  const writes = server.backend.writes;
  assert.equal((await run(['terminate-nodes', 'paper', 'node2', 'node99'])).code, 1);
  assert.equal(server.backend.writes, writes);
  await ok(['terminate-nodes', 'paper', 'node2', 'node3']);
  assert.equal(server.backend.writes, writes + 1);
  const spec = async (): Promise<string> =>
    ok(['get', 'slice/paper', '-o', 'jsonpath={.spec.size} {.spec.exclude}']);
  assert.equal(await spec(), '3 ["node2","node3"]');
  await ok(['terminate-nodes', '--replace', 'paper', 'node1']);
  assert.equal(await spec(), '3 ["node2","node3","node1"]');
  await ok(['add-new-nodes', 'paper', '4']);
  assert.equal(await spec(), '7 ["node2","node3","node1"]');
  assert.equal((await run(['run-nodes', 'paper', '5'])).code, 1);
  const command = await ok(['get', 'slice/paper', '-o', 'jsonpath={.spec.template.spec.command}']);
  assert.equal(command, '["sleep","infinity"]');
});

test('describe and explain are for people', async () => {
  assert.match(await ok(['describe', 'peer', 'node1']), /Owner: +alice\nState: +Alive/);
  await ok(['run-nodes', 'told', '1']);
  server.backend.settle('default', 'told');
  server.backend.recordEvent({
    regarding: server.backend.catalog.get(kindKeys.slice, 'default', 'told')!,
    type: 'Warning',
    reason: 'Shortage',
    message: 'one is missing',
  });
  const told = await ok(['describe', 'slice/told']);
  assert.match(told, /Wish: +1 peers\n/);
  assert.match(told, /Events:\n +LAST SEEN.*\n +\d+s +Warning +Shortage +one is missing/);
  assert.match(
    await ok(['events', '--for', 'slice/told']),
    /Shortage +slice\/told +one is missing/,
  );
  assert.match(await ok(['explain', 'slice.spec.rank.topPercent']), /FIELD: +topPercent <integer>/);
  const wrong = await run(['explain', 'slice.spec.rnk']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /did you mean slice\.spec\.rank\?/);
});

test('logs come from an instance, with a prefix from all of a slice', async () => {
  server.backend.logLines.splice(0, Infinity, 'one', 'two', 'three');
  for (const peer of ['node1', 'node3']) {
    server.backend.put(kindKeys.instance, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Instance',
      name: `web-${peer}`,
      namespace: 'default',
      labels: { 'p2pcs.io/slice': 'web' },
      spec: {},
      status: { peer, state: 'Running' },
    });
  }
  assert.equal(await ok(['logs', 'web-node1', '--tail', '2']), 'two\nthree\n');
  assert.equal(
    await ok(['logs', 'slice/web', '--tail', '1']),
    'web-node1  three\nweb-node3  three\n',
  );
  assert.equal((await run(['logs'])).code, 2);
  assert.equal((await run(['logs', 'slice/webb'])).code, 1);
});

test('no colour leaves the process when nobody looks', async () => {
  const { out, err } = await p2pctl(['--help'], { env: { FORCE_COLOR: '1', TERM: 'xterm' } });
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(out + err, /\u001B/);
});
