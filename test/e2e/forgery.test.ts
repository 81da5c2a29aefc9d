import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode } from 'cborg';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import { makeOwnerRecord, makePeerRecord } from '../../src/store/make-record.ts';
import {
  decodeBody,
  decodeEnvelope,
  encodeBody,
  encodeEnvelope,
} from '../../src/store/record-codec.ts';
import { issueDelegation } from '../../src/trust/delegation.ts';
import { fromBase64 } from '../../src/lib/base64.ts';
import { bundleOf, crypto, HandDrivenPeer, identitiesOf, recordsOnDisk } from './certified-peer.ts';
import {
  claimOf,
  deepObject,
  hostileClaims,
  hostileInstances,
  hostilePeers,
  hostileSlices,
  peerOf,
  type Self,
} from './hostile-shapes.ts';
import { eventually, lives, LocalCloud } from './local-cloud.ts';
import type { Identities } from '../../src/daemon/identities.ts';
import type { OwnerName, PeerId, Uid } from '../../src/objects/ids.ts';
import type { Json, JsonObject } from '../../src/objects/json.ts';
import type { RecordBody } from '../../src/store/record.ts';
import type { Bundle } from '../../src/trust/bundle.ts';

const honest = ['node1', 'node2', 'node4'] as const;
const boot = Math.floor(Date.now() / 1000) + 1_000_000;

let cloud: LocalCloud;
let rogue: HandDrivenPeer;
let targets: readonly PeerId[];
let bundle: Bundle;
let identities: Identities;
let pids: readonly number[];
/** The bytes of alice's Slice `steady`, as signed. */
let steady: Uint8Array;
let self: Self;
let revision = 0;
const toPush: Uint8Array[] = [];

before(async () => {
  cloud = await LocalCloud.up(4, ['--owners', 'alice,bob']);
  await cloud.ctl(['apply', '-f', '-'], {
    input: `apiVersion: p2pcs.io/v1alpha1
kind: Slice
metadata: {name: steady}
spec:
  size: 1
  exclude: [node3]
  template: {spec: {command: [sleep, infinity]}}
---
apiVersion: p2pcs.io/v1alpha1
kind: TrustPolicy
metadata: {name: no-bob}
spec: {peers: [node2], rules: [{name: no-bob, effect: Deny, owners: [bob]}]}
`,
  });
  await cloud.ready('steady', 1);
  await eventually('node3 knows the policy', () =>
    cloud.ctl(['get', 'trustpolicy', 'no-bob'], { context: 'node3' }),
  );
  const pid = cloud.pid('node3');
  cloud.kill('node3', 'SIGTERM');
  await eventually('node3 has stopped', async () => (lives(pid) ? undefined : true));
  pids = honest.map((peer) => cloud.pid(peer));
  bundle = bundleOf(cloud.home, 'node3');
  identities = identitiesOf(bundle);
  const found = recordsOnDisk(cloud.home, 'node3').find((bytes) => {
    const body = bodyOf(bytes);
    return body.kind === kindKeys.slice && body.name === 'steady' && body.slot === 'object';
  });
  assert.ok(found !== undefined);
  steady = found;
  const { peer, name, owner } = identities.credential.peer;
  self = { peer, name, owner, boot, slice: { name: 'steady', uid: bodyOf(steady).uid } };
  rogue = new HandDrivenPeer({ seed: identities.seed, credential: identities.credential, boot });
  await rogue.network.start();
  targets = rogue.reach(cloud.home, honest);
  await eventually('the rogue peer is linked with all', async () =>
    rogue.network.links().length === honest.length ? true : undefined,
  );
});

after(async () => {
  await rogue?.network.stop();
  await cloud?.down();
});

function bodyOf(bytes: Uint8Array): RecordBody {
  const envelope = decodeEnvelope(bytes);
  const body = envelope === undefined ? undefined : decodeBody(envelope.body);
  if (body === undefined || body === 'version') throw new Error('no record');
  return body;
}

/** A record of whatever body and certificates, signed with node3's key. */
function signed(body: RecordBody, chain: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const encoded = encodeBody(body);
  return encodeEnvelope({ body: encoded, signature: identities.signer.sign(encoded), chain });
}

/** What the rogue peer may well say: a statement about itself. */
function ownWord(
  kind: RecordBody['kind'],
  name: string,
  value: JsonObject,
  namespace = 'default',
): Uint8Array {
  const { owner, peer } = identities.credential;
  revision += 1;
  const made = makePeerRecord(
    identities.signer,
    { owner: owner.encoded, peer: peer.encoded },
    {
      kind,
      namespace,
      name,
      uid: `rogue-${revision}` as Uid,
      slot: 'object',
      order: [boot, revision],
      value,
    },
    crypto,
  );
  if (made.record === undefined) throw new Error(made.reason);
  return made.record.bytes;
}

function ownPeer(value: JsonObject): Uint8Array {
  return ownWord(kindKeys.peer, 'node3', value, '');
}

/** A record that bob's delegation to node3 covers. */
function bobsWord(kind: RecordBody['kind'], name: string, value: JsonObject): Uint8Array {
  const grant = identities.grants.get('bob' as OwnerName);
  assert.ok(grant !== undefined);
  const made = makeOwnerRecord(
    identities.signer,
    { owner: grant.certificate.encoded, delegation: grant.delegation.encoded },
    {
      kind,
      name,
      slot: 'object',
      value,
      namespace: kind === kindKeys.slice ? 'bob' : '',
      uid: `bob-${(revision += 1)}` as Uid,
      order: [Date.now(), revision],
    },
    crypto,
  );
  if (made.record === undefined) throw new Error(made.reason);
  return made.record.bytes;
}

/** Pushes frames to all, and waits until all have worked them off: a label of node3's own Peer tells. */
async function pushToAll(...frames: readonly (readonly Uint8Array[])[]): Promise<void> {
  const round = `r${revision}`;
  const marker = ownPeer(peerOf(self, { round }));
  for (const target of targets) {
    for (const records of frames) rogue.push(target, records);
    rogue.push(target, [marker]);
  }
  for (const context of honest) {
    await eventually(`${context} has read up to ${round}`, async () => {
      const peer = await cloud.json<{ metadata: { labels?: Record<string, string> } }>(
        ['get', 'peer', 'node3'],
        context,
      );
      return peer.metadata.labels?.['round'] === round ? true : undefined;
    });
  }
}

/** All say no when asked; it is also pushed to them at the end of the test (see `nothingChangesBy`). */
async function refusedByAll(record: Uint8Array, what: string): Promise<void> {
  toPush.push(record);
  for (const target of targets) {
    const told = { timeoutMs: 5_000 };
    await assert.rejects(
      rogue.network.request(target, 'store', encode([record]), told),
      /refused/,
      `${what}, to be witnessed`,
    );
    await assert.rejects(
      rogue.network.request(target, 'claim', record, told),
      /refused/,
      `${what}, as a claim`,
    );
  }
}

/** All that others than node3 said, as the API shows it, without what is local to a serving peer. */
async function othersWords(context: string): Promise<string> {
  const { items } = await cloud.json<{ items: JsonObject[] }>(
    ['get', 'slices,trustpolicies,claims,instances,peers', '-A'],
    context,
  );
  const words = items
    .filter((item) => !/(^|-)node3$/.test(nameOf(item)))
    .map((item) => {
      const { kind, metadata, spec } = item as { kind: Json; metadata: JsonObject; spec: Json };
      return JSON.stringify({ kind, name: metadata['name'], labels: metadata['labels'], spec });
    });
  return words.sort().join('\n');
}

function nameOf(item: JsonObject): string {
  return (item['metadata'] as { name: string }).name;
}

async function nothingChangesBy(action: () => Promise<void>): Promise<void> {
  const before = await Promise.all(honest.map(othersWords));
  await action();
  await pushToAll(toPush.splice(0));
  assert.deepEqual(await Promise.all(honest.map(othersWords)), before);
}

/** All daemons are the same processes, did not stumble, and a new slice fills on the honest peers. */
async function allIsWell(name: string): Promise<void> {
  assert.deepEqual(
    honest.map((peer) => cloud.pid(peer)),
    pids,
  );
  for (const pid of pids) assert.ok(lives(pid));
  await cloud.ctl(['run-nodes', name, '2'], { context: 'node4' });
  const slice = await cloud.ready(name, 2);
  for (const { peer } of slice.status.members) assert.notEqual(peer, 'node3');
  await cloud.ctl(['delete', 'slice', name]);
  for (const peer of honest) {
    const log = readFileSync(join(cloud.home, peer, 'p2pcsd.log'), 'utf8');
    const stumbles = log.split('\n').filter((line) => /ERROR|unhandled/.test(line));
    assert.deepEqual(stumbles, [], `${peer} stumbled`);
  }
}

test('an altered record is refused, whichever byte was changed', async () => {
  const envelope = decodeEnvelope(steady);
  assert.ok(envelope !== undefined);
  const body = bodyOf(steady);
  const spec = body.value['spec'] as JsonObject;
  const larger = encodeBody({ ...body, value: { ...body.value, spec: { ...spec, size: 3 } } });
  await nothingChangesBy(async () => {
    await refusedByAll(encodeEnvelope({ ...envelope, body: larger }), 'another size');
    const last = envelope.body.slice();
    last[last.length - 1]! ^= 1;
    await refusedByAll(encodeEnvelope({ ...envelope, body: last }), 'one byte');
    const everywhere = Array.from({ length: 40 }, (_, index) => {
      const altered = steady.slice();
      altered[Math.floor((index * altered.length) / 40)]! ^= 1 << (index % 8);
      return altered;
    });
    await pushToAll(everywhere);
  });
});

test("nobody writes for an owner without that owner's delegation, nor into a namespace of another", async () => {
  const { cloud: cloudId, grants, signer } = identities;
  const [alice, bob] = ['alice', 'bob'].map((name) => grants.get(name as OwnerName));
  assert.ok(alice !== undefined && bob !== undefined);
  const body: RecordBody = {
    ...bodyOf(steady),
    owner: 'alice' as OwnerName,
    signer: identities.credential.peer.peer,
    order: [Date.now(), 9],
  };
  const selfMade = issueDelegation(signer, {
    ...alice.delegation,
    cloud: cloudId,
    namespaces: ['*'],
    verbs: ['*'],
  });
  const ofNode1 = fromBase64(bundleOf(cloud.home, 'node1').owners[0]?.delegation ?? '');
  assert.ok(ofNode1 !== undefined);
  await nothingChangesBy(async () => {
    const chains: readonly (readonly [Uint8Array, Uint8Array])[] = [
      [alice.certificate.encoded, selfMade.encoded],
      [alice.certificate.encoded, bob.delegation.encoded],
      [bob.certificate.encoded, bob.delegation.encoded],
      [alice.certificate.encoded, ofNode1],
      [alice.certificate.encoded, identities.credential.peer.encoded],
    ];
    for (const [index, chain] of chains.entries())
      await refusedByAll(signed(body, chain), `alice's slice, chain ${index}`);
    const foreign: RecordBody = { ...body, owner: 'bob' as OwnerName, uid: 'new-uid' as Uid };
    await refusedByAll(
      signed(foreign, [bob.certificate.encoded, bob.delegation.encoded]),
      "bob's slice in alice's namespace",
    );
  });
});

test("a peer cannot speak of another one, nor an owner with another's delegation", async () => {
  const { owner, peer } = identities.credential;
  const chain = [owner.encoded, peer.encoded] as const;
  const victim = bundleOf(cloud.home, 'node1').peer;
  const ofVictim = { peer: 'node1', peerId: victim.peerId };
  const claim = bodyOf(ownWord(kindKeys.claim, 'steady-node3', claimOf(self)));
  const ownSpec = claim.value['spec'] as JsonObject;
  const lie: RecordBody = {
    ...claim,
    value: { ...claim.value, spec: { ...ownSpec, ...ofVictim } },
  };
  const peerWord = bodyOf(ownPeer(peerOf(self, {})));
  const grants = ['alice', 'bob'].map((name) => identities.grants.get(name as OwnerName));
  const [alice, bob] = grants;
  const victims = fromBase64(victim.certificate);
  assert.ok(alice !== undefined && bob !== undefined && victims !== undefined);
  const policy: RecordBody = {
    ...bodyOf(steady),
    kind: kindKeys.trustPolicy,
    namespace: '',
    name: 'open-door',
    uid: 'door' as Uid,
    owner: 'alice' as OwnerName,
    signer: peer.peer,
    order: [Date.now(), 1],
    base: null,
    lineage: [],
    value: {
      metadata: {},
      spec: { rules: [{ name: 'all', effect: 'Allow', owners: ['*'], drivers: ['*'] }] },
    },
  };
  await nothingChangesBy(async () => {
    await refusedByAll(signed(lie, chain), 'a Claim that names node1');
    await refusedByAll(signed({ ...lie, name: 'steady-node1' }, chain), 'a Claim of node1');
    await refusedByAll(
      signed({ ...lie, name: 'steady-node1' }, [owner.encoded, victims]),
      "a Claim with node1's certificate",
    );
    await refusedByAll(
      signed({ ...lie, name: 'steady-node1', signer: victim.peerId as PeerId }, [
        owner.encoded,
        victims,
      ]),
      "a Claim in node1's name",
    );
    await refusedByAll(signed({ ...peerWord, name: 'node1' }, chain), 'a Peer node1');
    for (const [index, delegation] of [bob.delegation, alice.delegation].entries()) {
      await refusedByAll(
        signed({ ...policy, owner: index === 0 ? policy.owner : ('bob' as OwnerName) }, [
          alice.certificate.encoded,
          delegation.encoded,
        ]),
        `a TrustPolicy, ${index}`,
      );
    }
  });
});

test("bob's namesake of alice's policy does not open her machine to him", async () => {
  await pushToAll([
    bobsWord(kindKeys.trustPolicy, 'no-bob', {
      metadata: {},
      spec: {
        peers: ['node2'],
        rules: [{ name: 'no-bob', effect: 'Allow', owners: ['bob'], drivers: ['*'] }],
      },
    }),
  ]);
  await cloud.ctl(['run-nodes', 'greedy', '3'], { context: 'bob@node4' });
  const short = await eventually('it lacks node2', async () => {
    const { status } = await cloud.slice('greedy', 'bob@node4');
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    return ready?.reason === 'Shortage' && /no-bob/.test(ready.message) ? status : undefined;
  });
  assert.ok(!short.members.some(({ peer }) => peer === 'node2'));
  await cloud.ctl(['delete', 'slice', 'greedy'], { context: 'bob@node4' });
});

test('bytes that are no record at all are refused', async () => {
  const tooLarge = new Uint8Array(300 * 1024).fill(0x61);
  const deep = new Uint8Array(200_000).fill(0x81);
  const endless = Uint8Array.from([0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const { owner, peer } = identities.credential;
  const nested = deepObject(40);
  const claim = bodyOf(ownWord(kindKeys.claim, 'steady-node3', claimOf(self)));
  const deepRecord = signed({ ...claim, value: { ...claim.value, more: nested } }, [
    owner.encoded,
    peer.encoded,
  ]);
  await nothingChangesBy(async () => {
    await pushToAll([tooLarge], [deep], [endless], [new Uint8Array(), deepRecord]);
    for (const target of targets) {
      for (const bytes of [tooLarge, deep, endless, new Uint8Array(), deepRecord]) {
        for (const method of ['store', 'claim', 'logs']) {
          const rejected = rogue.network.request(target, method, bytes, { timeoutMs: 5_000 });
          await assert.rejects(rejected, method);
        }
        // These two only look something up.
        for (const method of ['claims', 'ring'])
          await rogue.network
            .request(target, method, bytes, { timeoutMs: 5_000 })
            .catch(() => undefined);
        for (const family of [0, 1, 2, 3, 4, 5, 6, 7, 255])
          rogue.network.send(target, family, bytes);
      }
    }
  });
  await allIsWell('after-garbage');
});

test('well-signed objects of a hostile shape change nothing for others, and new slices still fill', async () => {
  const claims = hostileClaims(self).map((value, index) =>
    ownWord(kindKeys.claim, `c${index}-node3`, value),
  );
  const records = [
    ...claims,
    ...hostileInstances(self).map((value, index) =>
      ownWord(kindKeys.instance, `i${index}-node3`, value),
    ),
    ...hostileSlices().map((value, index) => bobsWord(kindKeys.slice, `bad${index}`, value)),
  ];
  await nothingChangesBy(async () => {
    for (let at = 0; at < records.length; at += 8) await pushToAll(records.slice(at, at + 8));
    for (const target of targets) {
      for (const record of claims) {
        // Refused or not, it must be answered.
        await rogue.network
          .request(target, 'claim', record, { timeoutMs: 5_000 })
          .catch((error: Error) => assert.doesNotMatch(error.message, /time|lost/));
      }
    }
    for (const value of hostilePeers(self)) {
      const record = ownPeer(value);
      for (const target of targets) rogue.push(target, [record]);
    }
  });
  await allIsWell('after-hostile-shapes');
  for (const context of ['bob@node1', 'bob@node2', 'bob@node4']) {
    const { items } = await cloud.json<{ items: JsonObject[] }>(['get', 'slices'], context);
    assert.deepEqual(items.map(nameOf), []);
    await cloud.ctl(['get', 'peers,slices,claims,instances,cloudstatus', '-A', '-o', 'wide'], {
      context,
    });
  }
});

test('a name that a malformed Slice sits on can still be used and freed by its owner', async () => {
  const context = 'bob@node1';
  await pushToAll([bobsWord(kindKeys.slice, 'taken', { metadata: {}, spec: { size: 'many' } })]);
  await cloud.ctl(['run-nodes', 'taken', '1'], { context });
  await cloud.ready('taken', 1, context);
  await cloud.ctl(['delete', 'slice', 'taken'], { context });
});

test('what was refused or ignored is said in the log', () => {
  for (const peer of honest) {
    const log = readFileSync(join(cloud.home, peer, 'p2pcsd.log'), 'utf8');
    assert.match(log, /record refused/);
    assert.match(log, /object malformed/);
  }
});
