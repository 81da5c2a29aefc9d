import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tmpdir } from 'node:os';

import { parseKubeconfig } from '../../src/client/kubeconfig.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const config = `
apiVersion: v1
kind: Config
current-context: bob@node1
clusters:
- name: node1
  cluster: {server: 'https://127.0.0.1:6443/', certificate-authority-data: ${base64('CA')}}
users:
- name: bob
  user: {client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}
- name: token
  user: {token: secret}
contexts:
- name: bob@node1
  context: {cluster: node1, user: bob, namespace: bob}
- name: plain
  context: {cluster: node1, user: token}
- name: bob@node1
  context: {cluster: node1, user: token, namespace: second}
- name: dangling
  context: {cluster: nowhere, user: bob}
`;

test('contexts carry server, certificates and namespace; the first of a name counts', async () => {
  const parsed = await parseKubeconfig(config, '/x');
  assert.equal(parsed.currentContext, 'bob@node1');
  assert.deepEqual(parsed.contexts, [
    {
      name: 'bob@node1',
      server: 'https://127.0.0.1:6443',
      namespace: 'bob',
      ca: 'CA',
      certificate: 'CERT',
      key: 'KEY',
    },
    {
      name: 'plain',
      server: 'https://127.0.0.1:6443',
      namespace: 'default',
      ca: 'CA',
      token: 'secret',
    },
  ]);
});

test('JSON is read as well', async () => {
  const json = JSON.stringify({
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://h:1' } }],
    contexts: [{ name: 'c', context: { cluster: 'c' } }],
  });
  const { contexts } = await parseKubeconfig(json, '/x');
  assert.deepEqual(contexts, [{ name: 'c', server: 'https://h:1', namespace: 'default' }]);
});

test('files that it names are taken relative to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2pcs-kubeconfig-'));
  writeFileSync(join(folder, 'ca.crt'), 'FILE CA');
  const text = config.replace(/certificate-authority-data: \S+}/, 'certificate-authority: ca.crt}');
  const { contexts } = await parseKubeconfig(text, join(folder, 'kubeconfig'));
  assert.equal(contexts[0]?.ca, 'FILE CA');
  rmSync(folder, { recursive: true });
});

test('what is no kubeconfig is refused with a reason', async () => {
  await assert.rejects(parseKubeconfig('hello', '/x'), /no `kind: Config`/);
  await assert.rejects(parseKubeconfig('a: [', '/x'));
  await assert.rejects(
    parseKubeconfig(`kind: Config\n${' '.repeat(5 << 20)}`, '/x'),
    /larger than 4 MiB/,
  );
});
