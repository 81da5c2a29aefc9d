import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer } from 'node:net';
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';

import { CloudFolder, findCloudFolder } from '../../src/cli/local-cloud/cloud-folder.ts';
import { LocalCloud, chooseContacts } from '../../src/cli/local-cloud/local-cloud.ts';
import { findFreePorts, isPortFree } from '../../src/cli/local-cloud/free-ports.ts';
import { fromBase64 } from '../../src/lib/base64.ts';
import { lockCloud } from '../../src/cli/local-cloud/lock.ts';
import { nodeCrypto, readKey } from '../../src/cli/local-cloud/keys.ts';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { parseManifest } from '../../src/client/manifest.ts';
import { runningDaemon } from '../../src/cli/local-cloud/daemon-process.ts';
import { verifyDelegation } from '../../src/trust/delegation.ts';
import { verifyOwnerCertificate } from '../../src/trust/owner-certificate.ts';
import { verifyPeerCertificate } from '../../src/trust/peer-certificate.ts';
import type { Bundle } from '../../src/trust/bundle.ts';
import type { OwnerCertificate } from '../../src/trust/certificates.ts';

let root = '';
let folder: CloudFolder;
let cloud: LocalCloud;

before(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'p2pcs-local-')));
  folder = new CloudFolder(join(root, '.p2pcs'));
  cloud = LocalCloud.ensure(folder, ['alice', 'bob']);
  await cloud.ensurePeers([
    { name: 'node1' },
    { name: 'node2' },
    { name: 'node3', drivers: ['fake'] },
  ]);
  await cloud.refresh();
});
after(() => rmSync(root, { recursive: true }));

const bytes = (text: string): Uint8Array => fromBase64(text)!;

function ownerOf(bundle: Bundle, encoded: string): OwnerCertificate {
  const rootKey = bytes(bundle.cloud.rootKey);
  const verified = verifyOwnerCertificate(bytes(encoded), { cloud: cloud.id, rootKey }, nodeCrypto);
  assert.ok(verified.ok, verified.reason);
  return verified.ok;
}

test('a bundle proves itself from the root down: owner, peer, delegations', () => {
  for (const name of ['node1', 'node2', 'node3']) {
    const bundle = cloud.readBundle(name);
    const owner = ownerOf(bundle, bundle.peer.ownerCertificate);
    assert.equal(owner.owner, 'alice');
    const peer = verifyPeerCertificate(bytes(bundle.peer.certificate), owner, nodeCrypto).ok;
    assert.equal(peer?.name, name);
    assert.equal(peer?.peer, bundle.peer.peerId);
    assert.deepEqual(
      bundle.owners.map((entry) => {
        const by = ownerOf(bundle, entry.certificate);
        const { ok } = verifyDelegation(bytes(entry.delegation), by, nodeCrypto);
        assert.equal(ok?.peer, bundle.peer.peerId);
        return [by.owner, by.namespaces, Math.round((ok!.expiresAtMs - Date.now()) / 86_400_000)];
      }),
      [
        ['alice', ['default', 'alice', 'alice-*'], 30],
        ['bob', ['bob', 'bob-*'], 30],
      ],
    );
  }
});

test('no two peers share a key or a port, and fake drivers are where they were asked for', () => {
  const bundles = ['node1', 'node2', 'node3'].map((name) => cloud.readBundle(name));
  assert.equal(new Set(bundles.map(({ peer }) => peer.privateKey)).size, 3);
  assert.equal(new Set(cloud.peers.flatMap((peer) => [peer.apiPort, peer.listenPort])).size, 6);
  assert.deepEqual(
    bundles.map(({ drivers }) => drivers),
    [undefined, undefined, ['fake']],
  );
  assert.deepEqual(bundles[0]!.bootstrap, []);
  assert.equal(bundles[2]!.bootstrap.length, 2);
  assert.match(bundles[2]!.bootstrap[0]!, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+$/);
});

test('nobody else may read a secret', () => {
  const secrets = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  assert.ok(secrets.length >= 12);
  for (const path of secrets) assert.equal(statSync(path).mode & 0o077, 0, path);
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
});

test('the kubeconfig has a context a peer, and one an owner and peer; guests work in their own namespace', async () => {
  const text = readFileSync(folder.kubeconfig, 'utf8');
  const config = await parseKubeconfig(text, folder.kubeconfig);
  assert.equal(config.currentContext, 'node1');
  assert.deepEqual(
    config.contexts.map(({ name, namespace }) => `${name}:${namespace}`),
    [
      'node1:default',
      'node2:default',
      'node3:default',
      'alice@node1:default',
      'alice@node2:default',
      'alice@node3:default',
      'bob@node1:bob',
      'bob@node2:bob',
      'bob@node3:bob',
    ],
  );
});

test('each peer has a policy that admits the owners of this cloud on that machine', () => {
  const [policy] = parseManifest(readFileSync(folder.policy('node2'), 'utf8'), 'policy');
  assert.deepEqual(policy?.object, {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name: 'node2-local-cloud' },
    spec: {
      peers: ['node2'],
      rules: [{ name: 'local-owners', effect: 'Allow', owners: ['alice', 'bob'], drivers: ['*'] }],
    },
  });
});

test('opening it again changes nothing; growing it leaves the others as they are', async () => {
  const before = readFileSync(folder.bundle('node1'), 'utf8');
  const again = LocalCloud.ensure(folder, []);
  assert.deepEqual(await again.ensurePeers([{ name: 'node1' }, { name: 'node4' }]), ['node4']);
  assert.deepEqual(await again.refresh(), []);
  assert.equal(readFileSync(folder.bundle('node1'), 'utf8'), before);
  assert.equal(again.id, cloud.id);
  assert.deepEqual(await again.ensurePeers([{ name: 'node4' }]), []);
});

test('a new owner reaches every bundle, policy and the kubeconfig; what was issued stays', async () => {
  const before = LocalCloud.open(folder).readBundle('node1');
  const grown = LocalCloud.ensure(folder, ['alice', 'carol']);
  assert.deepEqual((await grown.refresh()).toSorted(), ['node1', 'node2', 'node3', 'node4']);
  const after = grown.readBundle('node1');
  assert.deepEqual(after.owners.slice(0, 2), before.owners);
  assert.deepEqual(after.api.clients.slice(0, 2), before.api.clients);
  assert.equal(after.api.clients[2]?.owner, 'carol');
  assert.equal(after.api.ca, before.api.ca);
  assert.match(readFileSync(folder.policy('node3'), 'utf8'), /owners: \[alice, bob, carol\]/);
  assert.match(readFileSync(folder.kubeconfig, 'utf8'), /"carol@node4"/);
});

test('a delegation that nears its end is renewed', async () => {
  const path = folder.bundle('node1');
  const bundle = JSON.parse(readFileSync(path, 'utf8')) as Bundle;
  const broken = {
    ...bundle,
    owners: bundle.owners.map((entry) => ({ ...entry, delegation: 'AAAA' })),
  };
  writeFileSync(path, JSON.stringify(broken));
  assert.deepEqual(await LocalCloud.open(folder).refresh(), ['node1']);
  const [entry] = cloud.readBundle('node1').owners;
  const by = ownerOf(bundle, entry!.certificate);
  assert.ok(verifyDelegation(bytes(entry!.delegation), by, nodeCrypto).ok);
});

test('a bundle for elsewhere joins through this cloud, and a name is given once', async () => {
  const options = { listen: ['/ip4/0.0.0.0/tcp/7420'], apiPort: 7443, mdns: true };
  const bundle = await LocalCloud.open(folder).issueForElsewhere('lab7', options);
  assert.equal(bundle.bootstrap.length, 4);
  assert.equal(bundle.mdns, true);
  assert.deepEqual(bundle.listen, ['/ip4/0.0.0.0/tcp/7420']);
  ownerOf(bundle, bundle.peer.ownerCertificate);
  await assert.rejects(
    LocalCloud.open(folder).issueForElsewhere('lab7', options),
    /has one of that name/,
  );
  await assert.rejects(
    LocalCloud.open(folder).issueForElsewhere('node1', options),
    /has one of that name/,
  );
  await assert.rejects(LocalCloud.open(folder).issueForElsewhere('Lab 8', options), {
    exitCode: 2,
  });
});

test('names that are none make nothing', () => {
  const fresh = new CloudFolder(join(root, 'fresh'));
  assert.throws(() => LocalCloud.ensure(fresh, ['Alice!']), { exitCode: 2 });
  assert.throws(() => LocalCloud.open(fresh), /there is no cloud/);
});

test('contacts are spread: every peer is one of somebody, none of everybody', () => {
  const peers = Array.from({ length: 30 }, (_, index) => index);
  const uses = new Map<number, number>();
  for (const newcomer of peers) {
    const contacts = chooseContacts(peers.slice(0, newcomer), newcomer);
    assert.equal(contacts.length, Math.min(3, newcomer));
    for (const contact of contacts) uses.set(contact, (uses.get(contact) ?? 0) + 1);
  }
  assert.equal(Math.max(...uses.values()) < 10, true);
  assert.deepEqual(chooseContacts([], 0), []);
});

test('ports are free and different, and a taken one is seen', async () => {
  const ports = await findFreePorts('127.0.0.1', 20, new Set());
  assert.equal(new Set(ports).size, 20);
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  assert.equal(await isPortFree('127.0.0.1', (server.address() as AddressInfo).port), false);
  server.close();
  assert.equal(await isPortFree('127.0.0.1', ports[0]!), true);
});

test('a pid file that names another process is not believed', () => {
  writeFileSync(folder.pid('node1'), `${process.pid}\n`);
  assert.equal(runningDaemon(folder, 'node1'), undefined);
  writeFileSync(folder.pid('node1'), 'nonsense');
  assert.equal(runningDaemon(folder, 'node1'), undefined);
  rmSync(folder.pid('node1'));
  assert.equal(runningDaemon(folder, 'node1'), undefined);
});

test('one at a time changes a cloud; the lock of a dead process is broken', async () => {
  const { signal } = new AbortController();
  const release = await lockCloud(folder, signal);
  const interrupted = new AbortController();
  const waiting = lockCloud(folder, interrupted.signal);
  interrupted.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  release();
  writeFileSync(folder.lock, JSON.stringify({ pid: 2 ** 22 - 1, startTicks: 1 }));
  (await lockCloud(folder, signal))();
});

test('the folder is the nearest one with a cloud, else .p2pcs here', () => {
  assert.equal(findCloudFolder(undefined, join(root, 'a', 'b')).path, folder.path);
  assert.equal(findCloudFolder('x', root).path, join(root, 'x'));
  assert.equal(findCloudFolder(undefined, '/').path, '/.p2pcs');
});

test('the root key signs as what cloud.json says', () => {
  const key = readKey(readFileSync(folder.rootKey, 'utf8'));
  const { rootKey } = JSON.parse(readFileSync(folder.cloud, 'utf8')) as { rootKey: string };
  assert.deepEqual(bytes(rootKey), key.signer.publicKey);
  const data = new TextEncoder().encode('x');
  assert.ok(nodeCrypto.verify(key.signer.publicKey, data, key.signer.sign(data)));
  assert.equal(nodeCrypto.verify(key.signer.publicKey, data, new Uint8Array(64)), false);
  assert.equal(nodeCrypto.verify(new Uint8Array(3), data, new Uint8Array(1)), false);
});
