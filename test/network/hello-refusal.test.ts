import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { encode } from 'cborg';
import { encodeFrame } from '../../src/network/frame-decoder.ts';
import { linkProtocol } from '../../src/network/greeter.ts';
import { encodeHello, type HelloFields, linkProtocolVersion } from '../../src/network/hello.ts';
import { relayProtocol } from '../../src/network/relay-frames.ts';
import { encodeCredential } from '../../src/trust/credential.ts';
import { answerOn, knock, Stranger } from './stranger.ts';
import { bytes, identity, type Identity, TestPeer, withPeers } from './test-cloud.ts';

const limits = { helloMs: 400 };

function helloOf(who: Identity, changes: Partial<HelloFields> = {}): Uint8Array {
  const fields: HelloFields = {
    cloud: who.credential.peer.cloud,
    credential: encodeCredential(who.credential),
    boot: 1,
    addresses: [],
    software: 'stranger',
    linkId: randomBytes(8),
    lostLinkId: null,
    ...changes,
  };
  return encodeFrame(0, encodeHello(fields));
}

/** Whoever knocks with this key and these bytes gets no byte back, and leaves no link. */
async function assertRefused(
  hello: Uint8Array,
  reason: RegExp,
  seed: Uint8Array = randomBytes(32),
): Promise<void> {
  const stranger = await Stranger.start(seed);
  try {
    await withPeers([new TestPeer('host', { limits })], async (host) => {
      assert.equal(await knock(stranger, host, hello), 0, 'nothing may be answered');
      assert.deepEqual(host.network.links(), []);
      assert.deepEqual(host.seen, []);
      assert.match(host.logged.join('\n'), reason);
    });
  } finally {
    await stranger.stop();
  }
}

const guest = identity('guest');

test('a certified peer is answered, so that the refusals below mean something', async () => {
  const stranger = await Stranger.start(guest.seed);
  await withPeers([new TestPeer('host', { limits })], async (host) => {
    const connection = await stranger.connect(host);
    const stream = await connection.newStream(linkProtocol);
    const { promise, resolve } = Promise.withResolvers<number>();
    stream.addEventListener('message', ({ data }) => resolve(data.byteLength));
    stream.send(helloOf(guest));
    assert.ok((await promise) > 100, 'the answer is a hello');
    assert.equal(host.of('up')[0]?.peer, guest.peer);
  });
  await stranger.stop();
});

test('a peer without a certificate gets no answer', () =>
  assertRefused(helloOf(guest, { credential: encode(null) }), /it is no credential/));

test('a peer of another cloud gets no answer', async () => {
  const other = identity('guest', 'other');
  await assertRefused(helloOf(other), /of another cloud/, other.seed);
});

test('a peer that claims our cloud with certificates of another gets no answer', async () => {
  const other = identity('guest', 'other');
  const hello = helloOf(other, { cloud: guest.credential.peer.cloud });
  await assertRefused(hello, /of another cloud/, other.seed);
});

test('a stolen certificate without its key gets no answer', () =>
  assertRefused(helloOf(guest), /whose key it does not have/));

test('a certificate with a broken signature gets no answer', async () => {
  const forged = encodeCredential(guest.credential);
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  await assertRefused(
    helloOf(guest, { credential: forged }),
    /not signed by its owner/,
    guest.seed,
  );
});

test('another protocol version gets no answer, and the log says which to upgrade', async () => {
  const hello = encodeFrame(0, encode([linkProtocolVersion + 1, guest.credential.peer.cloud]));
  await assertRefused(
    hello,
    new RegExp(`speaks version ${linkProtocolVersion + 1} .* upgrade the older`),
    guest.seed,
  );
});

test('garbage instead of a hello gets no answer', () =>
  assertRefused(encodeFrame(0, randomBytes(300)), /cannot be read/));

test('an oversize hello is refused by its length alone', () =>
  assertRefused(Uint8Array.of(0, 0, 0x20, 1, 0), /oversize frame/));

test('a frame before the hello gets no answer', async () => {
  const stranger = await Stranger.start(guest.seed);
  await withPeers([new TestPeer('host', { limits })], async (host) => {
    assert.equal(await knock(stranger, host, encodeFrame(1, bytes('news'))), 0);
    assert.deepEqual(host.seen, []);
  });
  await stranger.stop();
});

test('half a hello, or none, is waited for no longer than the limit', async () => {
  const half = helloOf(guest).subarray(0, 200);
  await assertRefused(half, /no hello in time/, guest.seed);
  await assertRefused(new Uint8Array(0), /no hello in time/, guest.seed);
});

test('a connection on which nothing is ever said is closed', async () => {
  const stranger = await Stranger.start();
  await withPeers([new TestPeer('host', { limits })], async (host) => {
    const connection = await stranger.connect(host);
    await new Promise((resolve) => connection.addEventListener('close', resolve));
    assert.match(host.logged.join('\n'), /no hello in time/);
  });
  await stranger.stop();
});

test('a relayed request before the hello is reset without an answer', async () => {
  const stranger = await Stranger.start(guest.seed);
  let handled = 0;
  const host = new TestPeer('host', { limits });
  host.network.handle('echo', async (_from, body) => {
    handled++;
    return body;
  });
  await withPeers([host], async () => {
    const connection = await stranger.connect(host);
    const stream = await connection.newStream(relayProtocol).catch(() => undefined);
    if (stream !== undefined) {
      const answer = answerOn(stream, connection);
      try {
        stream.send(encodeFrame(1, Uint8Array.of(4), bytes('echo')));
      } catch {
        // Reset already.
      }
      assert.equal(await answer, 0);
    }
    assert.equal(handled, 0);
  });
  await stranger.stop();
});

test('a dialler does not take a listener with a stolen certificate for the peer', async () => {
  const thief = await Stranger.start();
  await thief.libp2p.handle(linkProtocol, (stream) => {
    stream.addEventListener('message', () => stream.send(helloOf(guest)));
  });
  const [address] = thief.libp2p.getMultiaddrs();
  await withPeers([new TestPeer('host', { limits })], async (host) => {
    // Under the thief's own id Noise passes, and the certificate does not fit.
    const id = thief.libp2p.peerId.toString() as typeof guest.peer;
    host.network.learn(id, [String(address?.toString().split('/p2p/')[0])]);
    host.network.send(id, 1, bytes('secret'));
    await host.until(() => host.of('unreachable').length > 0);
    assert.deepEqual(host.of('up'), []);
    assert.match(host.logged.join('\n'), /whose key it does not have/);
  });
  await thief.stop();
});
