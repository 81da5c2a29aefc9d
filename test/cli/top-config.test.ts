import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { answer, kubeconfigOf, startTlsServer } from '../client/tls-server.ts';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { Ran } from './run-p2pctl.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  p2pctl(args, { env: { KUBECONFIG: server.kubeconfig, ...env }, cwd: server.folder });

async function ok(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

before(async () => {
  server = await startTestServer();
  const peers = {
    node1: { load: '0.5', cores: '4', memory: '8Gi', disk: '100Gi' },
    node2: { load: '3', cores: '2', memory: '24105Mi' },
    node10: { cores: '8' },
  };
  for (const [name, attributes] of Object.entries(peers)) {
    server.backend.put(kindKeys.peer, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Peer',
      name,
      spec: { owner: 'alice', peerId: `id-${name}`, addresses: [] },
      status: { attributes, drivers: [], version: '', boot: 1, startedAt: '', state: 'Alive' },
    });
  }
});
after(() => server.server.close());

const names = (table: string): readonly string[] =>
  table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0]!);

test('top lists the busiest peers first, and what a peer does not say as none', async () => {
  const table = await ok('top', 'peers');
  assert.match(table, /^NAME +STATE +LOAD\/CORE +CORES +MEMORY +DISK FREE\n/);
  assert.match(table, /\nnode2 +Alive +3\.0 +2 +23\.5Gi +<none>\n/);
  assert.match(table, /\nnode10 +Alive +<none> +8 +<none> +<none>\n/);
  assert.deepEqual(names(table), ['NAME', 'node2', 'node1', 'node10']);
  assert.deepEqual(names(await ok('top', '--no-headers', '--sort-by', 'cores')), [
    'node10',
    'node1',
    'node2',
  ]);
  assert.equal(
    await ok('top', 'peers', 'node1', '-o', 'jsonpath={.peers[0].memoryBytes}'),
    String(8 * 1024 ** 3),
  );
  assert.equal((await run(['top', 'pods'])).code, 2);
  assert.equal((await run(['top', '--sort-by', 'size'])).code, 2);
  const missing = await run(['top', 'peers', 'nod1']);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /did you mean node1\?/);
});

test('config view shows no secret unless asked', async () => {
  const shown = await ok('config', 'view');
  assert.match(shown, /client-key-data: REDACTED/);
  assert.match(shown, /certificate-authority-data: DATA\+OMITTED/);
  const key = (
    JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as {
      users: { user: Record<string, string> }[];
    }
  ).users[0]!.user['client-key-data']!;
  assert.ok(!shown.includes(key.slice(0, 40)));
  assert.ok((await ok('config', 'view', '--raw', '-o', 'json')).includes(key));
});

test('config use-context changes the choice and nothing else, in a file that stays private', async () => {
  const before = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as object;
  assert.equal(await ok('config', 'current-context'), 'alice\n');
  assert.equal(await ok('config', 'use-context', 'bob'), 'Switched to context "bob".\n');
  assert.equal(await ok('config', 'current-context'), 'bob\n');
  assert.match(await ok('config', 'get-contexts'), /\n {10}alice .*\n\* +bob +https:.* default\n/);
  assert.equal(await ok('config', 'get-contexts', '-o', 'name'), 'alice\nbob\n');
  assert.equal(statSync(server.kubeconfig).mode & 0o777, 0o600);
  await ok('config', 'use-context', 'alice');
  assert.deepEqual(JSON.parse(readFileSync(server.kubeconfig, 'utf8')), before);
  const { code, err } = await run(['config', 'use-context', 'bbo']);
  assert.equal(code, 2);
  assert.match(err, /no such context\n {2}did you mean bob\?/);
  assert.equal((await run(['config', 'us-context', 'bob'])).code, 2);
  assert.equal((await run(['config'])).code, 2);
});

test('of several files the one that chooses is written; a YAML file stays YAML', async () => {
  const first = join(server.folder, 'first.yaml');
  writeFileSync(first, 'kind: Config\napiVersion: v1\ncurrent-context: alice\n');
  const untouched = readFileSync(server.kubeconfig, 'utf8');
  const { code } = await run(['config', 'use-context', 'bob'], {
    KUBECONFIG: `${first}:${server.kubeconfig}`,
  });
  assert.equal(code, 0);
  assert.match(readFileSync(first, 'utf8'), /^current-context: bob$/m);
  assert.equal(readFileSync(server.kubeconfig, 'utf8'), untouched);
});

test('a kubeconfig of Kubernetes is left alone', async () => {
  const kubernetes = await startTlsServer((_, response) =>
    answer(response, 200, { gitVersion: 'v1.30.2+k3s1' }),
  );
  try {
    const path = join(server.folder, 'foreign');
    const text = kubeconfigOf({ prod: kubernetes.endpoint, other: kubernetes.endpoint }, 'prod');
    writeFileSync(path, text);
    const { code, err } = await run(['config', 'use-context', 'other'], { KUBECONFIG: path });
    assert.equal(code, 1);
    assert.match(err, /not P2PCS/);
    assert.equal(readFileSync(path, 'utf8'), text);
  } finally {
    await kubernetes.close();
  }
});
