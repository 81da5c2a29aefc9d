import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { encode } from 'cborg';
import { multiaddr } from '@multiformats/multiaddr';
import { Family } from '../../src/gossip/family.ts';
import { encodeFrame } from '../../src/network/frame-decoder.ts';
import { linkProtocol } from '../../src/network/greeter.ts';
import { encodeHello } from '../../src/network/hello.ts';
import { encodeCredential } from '../../src/trust/credential.ts';
import { identity as identityElsewhere } from '../network/test-cloud.ts';
import { answerOn, Stranger } from '../network/stranger.ts';
import { bundleOf, HandDrivenPeer, identitiesOf } from './certified-peer.ts';
import { eventually, lives, LocalCloud, p2pctl, run } from './local-cloud.ts';
import type { Identities } from '../../src/daemon/identities.ts';
import type { CloudId } from '../../src/objects/ids.ts';
import type { Bundle } from '../../src/trust/bundle.ts';

let cloud: LocalCloud;
let node1: Bundle;
let pids: readonly number[];
/** A peer of the cloud that no daemon runs for. */
let guest: Identities;
/** A peer of another cloud, with good certificates there. */
const foreigner = identityElsewhere('foreigner', 'another cloud');

before(async () => {
  cloud = await LocalCloud.up(3);
  node1 = bundleOf(cloud.home, 'node1');
  pids = cloud.peers.map((peer) => cloud.pid(peer));
  const file = join(cloud.home, 'guest.json');
  await run(p2pctl, ['add-peer', 'guest', '-o', file, '--home', cloud.home], { code: 0 });
  guest = identitiesOf(JSON.parse(readFileSync(file, 'utf8')) as Bundle);
});

after(async () => {
  await cloud?.down();
});

function port(): number {
  const found = /\/tcp\/(\d+)/.exec(node1.listen[0] ?? '');
  assert.ok(found !== null, node1.listen[0]);
  return Number(found[1]);
}

function log(): string {
  return readFileSync(join(cloud.home, 'node1', 'p2pcsd.log'), 'utf8');
}

/** How often node1 has linked with somebody so far: what a stranger must not change. */
function links(): number {
  return log().split('link up').length - 1;
}

interface Guise {
  readonly seed: Uint8Array;
  readonly cloud?: CloudId;
  readonly credential: Uint8Array;
}

/** Knocks at node1 with this key and these papers; the bytes of the answer until node1 closes. */
async function answerTo(guise: Guise): Promise<number> {
  const stranger = await Stranger.start(guise.seed);
  try {
    const connection = await stranger.libp2p.dial(
      multiaddr(`${node1.listen[0]}/p2p/${node1.peer.peerId}`),
    );
    const stream = await connection.newStream(linkProtocol);
    const answer = answerOn(stream, connection);
    const hello = encodeHello({
      cloud: guise.cloud ?? guest.cloud,
      credential: guise.credential,
      boot: 1,
      addresses: [],
      software: 'stranger',
      linkId: randomBytes(8),
      lostLinkId: null,
    });
    stream.send(encodeFrame(0, hello));
    try {
      // What may only come after a hello that passed.
      stream.send(encodeFrame(Family.records, randomBytes(64)));
    } catch {
      // It is closed already.
    }
    return await answer;
  } finally {
    await stranger.stop();
  }
}

/** The daemons are the ones that were started, agree on who is there, and place a slice. */
async function allIsWell(slice: string): Promise<void> {
  for (const pid of pids) assert.ok(lives(pid));
  await cloud.ctl(['run-nodes', slice, '3'], { context: 'node2' });
  await cloud.ready(slice, 3);
  await cloud.ctl(['delete', 'slice', slice]);
  const { stdout } = await cloud.ctl(['get', 'peers', '-o', 'name']);
  const names = stdout.trim().split('\n').sort();
  assert.deepEqual(names, ['peer.p2pcs.io/node1', 'peer.p2pcs.io/node2', 'peer.p2pcs.io/node3']);
  assert.doesNotMatch(log(), / ERROR |unhandled/);
}

test('a peer with papers of this cloud and their key is linked, so that the refusals below mean something', async () => {
  const peer = new HandDrivenPeer({ seed: guest.seed, credential: guest.credential });
  await peer.network.start();
  try {
    peer.reach(cloud.home, ['node1']);
    await eventually('it has a link', async () => peer.linked[0]);
  } finally {
    await peer.network.stop();
  }
});

test('no papers, papers of another cloud, stolen papers: not one byte beyond the handshake', async () => {
  const before = links();
  const theirs = encodeCredential(foreigner.credential);
  const ours = encodeCredential(guest.credential);
  const guises: Readonly<Record<string, Guise>> = {
    'no papers': { seed: randomBytes(32), credential: encode(null) },
    'of another cloud': {
      seed: foreigner.seed,
      cloud: foreigner.credential.peer.cloud,
      credential: theirs,
    },
    'of another cloud, saying it is this one': { seed: foreigner.seed, credential: theirs },
    stolen: { seed: randomBytes(32), credential: ours },
    'stolen, with a good key of another cloud': { seed: foreigner.seed, credential: ours },
    altered: {
      seed: guest.seed,
      credential: ours.map((byte, index) => (index === ours.length - 1 ? byte ^ 1 : byte)),
    },
  };
  for (const [who, guise] of Object.entries(guises)) assert.equal(await answerTo(guise), 0, who);
  assert.equal(links(), before, 'nobody was linked');
  assert.match(log(), /of another cloud/);
  assert.match(log(), /whose key it does not have/);
  await allIsWell('after-strangers');
});

test('a whole peer of another cloud gets no link and no frame, and its own messages nowhere', async () => {
  const peer = new HandDrivenPeer(foreigner);
  await peer.network.start();
  try {
    const before = links();
    const [target] = peer.reach(cloud.home, ['node1']);
    assert.ok(target !== undefined);
    await eventually('it is told that its message went nowhere', async () => {
      peer.push(target, [randomBytes(100)]);
      return peer.unreachable[0];
    });
    await assert.rejects(
      peer.network.request(target, 'store', encode([]), { timeoutMs: 2_000 }),
      /./,
    );
    assert.deepEqual([peer.linked, peer.frames], [[], []]);
    assert.equal(links(), before);
  } finally {
    await peer.network.stop();
  }
});

test('garbage and silence on the peer port keep nobody out and end by themselves', async () => {
  const open: Socket[] = [];
  const closed: Promise<unknown>[] = [];
  const dial = (bytes: Uint8Array): void => {
    const socket = connect({ host: '127.0.0.1', port: port() });
    socket.on('error', () => undefined);
    open.push(socket);
    socket.resume();
    closed.push(new Promise((done) => socket.once('close', done)));
    if (bytes.length > 0) socket.write(bytes);
  };
  const peer = new HandDrivenPeer({ seed: guest.seed, credential: guest.credential });
  try {
    dial(randomBytes(64 * 1024));
    dial(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    dial(Buffer.from('\u0013/multistream/1.0.0\n'));
    dial(new Uint8Array(100_000).fill(0xff));
    for (let count = 0; count < 60; count += 1) dial(new Uint8Array());
    await peer.network.start();
    peer.reach(cloud.home, ['node1']);
    await eventually('a certified peer gets in among them', async () => peer.linked[0]);
    await allIsWell('after-garbage');
    await Promise.all(closed);
  } finally {
    await peer.network.stop();
    for (const socket of open) socket.destroy();
  }
});

/** Asks node1's API for something over a connection with these papers; the status line and body. */
async function ask(client: {
  readonly certificate?: string;
  readonly key?: string;
}): Promise<string> {
  const { host, port: apiPort, ca } = node1.api;
  const socket = connectTls({
    host,
    port: apiPort,
    ca,
    ...(client.certificate === undefined ? {} : { cert: client.certificate, key: client.key }),
  });
  await once(socket, 'secureConnect');
  const path = '/apis/p2pcs.io/v1alpha1/peers';
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return (await socket.setEncoding('utf8').toArray()).join('');
}

test("the API answers its own clients alone: not nobody, not another peer's, not the peers' own papers", async () => {
  const [own] = node1.api.clients;
  const other = bundleOf(cloud.home, 'node2').api;
  const [foreign] = other.clients;
  assert.ok(own !== undefined && foreign !== undefined);
  assert.match(await ask(own), /^HTTP\/1\.1 200 .*node1/s);
  for (const client of [
    {},
    foreign,
    { certificate: other.certificate, key: other.key },
    { certificate: node1.api.certificate, key: node1.api.key },
  ]) {
    const answer = await ask(client);
    assert.match(answer, /^HTTP\/1\.1 401 /);
    assert.match(answer, /"kind":"Status".*"reason":"Unauthorized"/s);
    assert.doesNotMatch(answer, /node1/);
  }
});
