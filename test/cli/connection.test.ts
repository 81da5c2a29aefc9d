import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

import { answer, kubeconfigOf, startTlsServer } from '../client/tls-server.ts';
import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { Endpoint } from '../../src/client/http-client.ts';
import type { TestServer } from '../api/test-server.ts';
import type { TlsServer } from '../client/tls-server.ts';

let kubernetes: TlsServer;
let peer: TestServer;
let folder = '';
let peerEndpoint: Endpoint;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'p2pcs-connection-'));
  kubernetes = await startTlsServer((_, response) =>
    answer(response, 200, { major: '1', minor: '30', gitVersion: 'v1.30.2+k3s1' }),
  );
  peer = await startTestServer();
  const { ca, clients } = peer.certificates;
  const [alice] = clients;
  peerEndpoint = { server: peer.server.url, ca, certificate: alice!.certificate, key: alice!.key };
});
after(async () => {
  await kubernetes.close();
  await peer.server.close();
  rmSync(folder, { recursive: true });
});

const dead = (): Endpoint => ({ ...peerEndpoint, server: 'https://127.0.0.1:1' });

function kubeconfig(contexts: Record<string, Endpoint>, current: string): Record<string, string> {
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfigOf(contexts, current));
  return { KUBECONFIG: path };
}

test('a server that is not P2PCS is refused before anything else is sent to it', async () => {
  const env = kubeconfig({ prod: kubernetes.endpoint }, 'prod');
  const { code, err } = await p2pctl(['delete', 'slices', '--all'], { env });
  assert.equal(code, 1);
  assert.match(
    err,
    /context prod .* not P2PCS \(it says "v1\.30\.2\+k3s1"\); nothing else was sent there/,
  );
  assert.deepEqual(
    kubernetes.seen.map((line) => line.split(' as ')[0]),
    ['GET /version'],
  );
});

test('a peer that is down is exit code 5, and one that answers is named', async () => {
  const env = kubeconfig({ node1: dead(), node2: dead(), node3: peerEndpoint }, 'node1');
  const { code, err } = await p2pctl(['get', 'slices'], { env });
  assert.equal(code, 5);
  assert.match(
    err,
    /context node1 does not answer at https:\/\/127\.0\.0\.1:1: connection refused/,
  );
  assert.match(err, /node3 answers: p2pctl --context node3/);
  assert.equal((await p2pctl(['--peer', 'node3', 'get', 'slices'], { env })).code, 0);
});

test('when nobody answers that is said, and an owner is never sent to the contexts of another', async () => {
  const env = kubeconfig(
    { 'bob@node1': dead(), node2: peerEndpoint, 'bob@node2': dead() },
    'bob@node1',
  );
  const { code, err } = await p2pctl(['get', 'slices'], { env });
  assert.equal(code, 5);
  assert.match(err, /no other peer in this kubeconfig answers either/);
});

test('no cloud anywhere is exit code 5', async () => {
  const { code, err } = await p2pctl(['get', 'peers'], { cwd: folder });
  assert.equal(code, 5);
  assert.match(err, /no cloud found.*\n.*p2pctl up/);
});
