import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerLink } from '../../src/network/peer-link.ts';
import { bytes, identity, link, pause, TestPeer, withPeers } from './test-cloud.ts';
import type { PeerId } from '../../src/objects/ids.ts';

/** The inside of a peer's only link. */
function insideOf(peer: TestPeer): PeerLink {
  const [only] = peer.network.links();
  assert.ok(only instanceof PeerLink);
  return only;
}

const frames = (peer: TestPeer): readonly string[] => peer.of('frame').map(({ text }) => text);
const ups = (peer: TestPeer): readonly PeerId[] => peer.of('up').map((entry) => entry.peer);

test('two peers exchange frames, in order, and know who the other is', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b', { boot: 7 })], async (a, b) => {
    await link(a, b);
    const texts = Array.from({ length: 500 }, (_, i) => `frame ${i}`);
    for (const text of texts) {
      a.network.send(b.id, 3, bytes(text));
      b.network.send(a.id, 4, bytes(text));
    }
    await b.until(() => b.of('frame').length === 500);
    await a.until(() => a.of('frame').length === 500);
    assert.deepEqual(frames(b), texts);
    assert.deepEqual(frames(a), texts);
    assert.deepEqual(new Set(b.of('frame').map(({ family }) => family)), new Set([3]));
    const [seen] = a.network.links();
    assert.equal(seen?.credential.peer.name, 'b');
    assert.equal(seen?.boot, 7);
    assert.deepEqual(seen?.addresses, b.network.addresses());
  });
});

test('ten peers that all want each other have nine links each, and exactly nine', async () => {
  const peers = Array.from({ length: 10 }, (_, i) => new TestPeer(`p${i}`));
  await withPeers(peers, async () => {
    for (const peer of peers) {
      for (const other of peers) peer.network.learn(other.id, other.network.addresses());
      // Each pair from one side: what both sides dialling does has a test of its own below.
      peer.network.want(peers.map(({ id }) => id).filter((id) => id < peer.id));
    }
    for (const peer of peers) await peer.until(() => peer.network.links().length === 9);
    for (const peer of peers) {
      for (const other of peers) peer.network.send(other.id, 1, bytes(`${peer.id}`));
    }
    for (const peer of peers) {
      await peer.until(() => peer.of('frame').length === 9);
      assert.equal(new Set(frames(peer)).size, 9);
      assert.equal(new Set(ups(peer)).size, 9);
      assert.equal(ups(peer).length - peer.of('lost').length, 9);
    }
  });
});

test('peers that dial each other at once keep one connection, lose no frame and never flap', async () => {
  let doubled = 0;
  for (let round = 0; round < 20; round++) {
    await withPeers([new TestPeer(`a${round}`), new TestPeer(`b${round}`)], async (a, b) => {
      a.network.learn(b.id, b.network.addresses());
      b.network.learn(a.id, a.network.addresses());
      const sent: string[] = [];
      const send = (): void => {
        sent.push(`frame ${sent.length}`);
        a.network.send(b.id, 1, bytes(String(sent.at(-1))));
        b.network.send(a.id, 1, bytes(String(sent.at(-1))));
      };
      for (let i = 0; i < 20; i++) send();
      await a.until(() => a.network.links().length > 0);
      await b.until(() => b.network.links().length > 0);
      const [atA, atB] = [insideOf(a), insideOf(b)];
      const settled = (): boolean =>
        atA.fading.size + atB.fading.size === 0 && atA.channel?.id === atB.channel?.id;
      if (!settled()) doubled++;
      for (let i = 0; i < 20; i++) {
        send();
        await pause(1);
      }
      await a.until(settled);
      await a.until(() => a.of('frame').length === 40);
      await b.until(() => b.of('frame').length === 40);
      // Two connections may swap a few frames, but none may be missing or come twice.
      assert.deepEqual(new Set(frames(a)), new Set(sent));
      assert.deepEqual(new Set(frames(b)), new Set(sent));
      assert.deepEqual([ups(a), ups(b)], [[b.id], [a.id]]);
      assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
      // The smaller peer id dialled what remains, on both sides.
      assert.equal(atA.channel?.dialledByUs, a.id < b.id);
      assert.equal(atB.channel?.dialledByUs, b.id < a.id);
    });
  }
  assert.ok(doubled > 0, 'in no round did both dial: the test shows nothing');
});

test('a stopping peer says bye: the other side hears closed, not reset', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    a.network.send(b.id, 1, bytes('last words'));
    await a.network.stop();
    await b.until(() => b.of('lost').length > 0);
    assert.deepEqual(frames(b), ['last words']);
    assert.deepEqual(b.of('lost'), [{ type: 'lost', peer: a.id, how: 'closed' }]);
    assert.deepEqual(a.of('lost'), [{ type: 'lost', peer: b.id, how: 'closed' }]);
  });
});

test('a link that neither side wants any more is closed after a while, politely', async () => {
  const limits = { surplusAfterMs: 50, tickMs: 20 };
  await withPeers([new TestPeer('a', { limits }), new TestPeer('b', { limits })], async (a, b) => {
    b.network.want([]);
    await link(a, b);
    // One wish keeps it, over several looks.
    await pause(300);
    assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
    a.network.want([]);
    await a.until(() => a.of('lost').length > 0);
    await b.until(() => b.of('lost').length > 0);
    assert.deepEqual([a.of('lost')[0]?.how, b.of('lost')[0]?.how], ['closed', 'closed']);
  });
});

test('a broken connection between the same boots is mended without a word', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    const [atA, atB] = [insideOf(a), insideOf(b)];
    for (let i = 1; i <= 5; i++) {
      (i % 2 === 0 ? atA : atB).channel?.connection.abort(new Error('cut by the test'));
      a.network.send(b.id, 1, bytes(`after cut ${i}`));
      await a.until(() => atA.channel?.hasEnded === false && atA.channel.id === atB.channel?.id);
      a.network.send(b.id, 1, bytes(`mended ${i}`));
      await b.until(() => frames(b).includes(`mended ${i}`));
    }
    assert.deepEqual([ups(a).length, ups(b).length], [1, 1]);
    assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
  });
});

test('a peer that comes back with a newer boot is lost once and up again', async () => {
  const old = new TestPeer('b', { boot: 1 });
  await withPeers([new TestPeer('a'), old], async (a) => {
    await link(a, old);
    // The same peer starts a second time while the first still holds its link, as after a fast restart.
    await withPeers([new TestPeer('b', { boot: 2 })], async (b) => {
      b.network.learn(a.id, a.network.addresses());
      b.network.want([a.id]);
      await a.until(() => a.of('up').length === 2);
      assert.deepEqual(
        a.seen.filter(({ type }) => type !== 'frame'),
        [
          { type: 'up', peer: b.id, boot: 1 },
          { type: 'lost', peer: b.id, how: 'reset' },
          { type: 'up', peer: b.id, boot: 2 },
        ],
      );
      // The older one keeps trying and is refused.
      await a.until(() => /two daemons use one bundle/.test(a.logged.join('\n')));
      assert.equal(a.network.links()[0]?.boot, 2);
    });
  });
});

test('a message to a peer without a link dials it if an address is known', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b')], async (a, b) => {
    a.network.send(b.id, 1, bytes('lost'));
    await a.until(() => a.of('unreachable').length === 1);
    assert.equal(a.of('unreachable')[0]?.reason, 'unknown');
    a.network.learn(b.id, b.network.addresses());
    // Said again at once, it fails again: a sender in a loop must not become a dialler in a loop.
    a.network.send(b.id, 1, bytes('too soon'));
    await a.until(() => a.of('unreachable').length === 2);
    await pause(1000);
    a.network.send(b.id, 1, bytes('found'));
    a.network.send(b.id, 1, bytes('both'));
    await b.until(() => b.of('frame').length === 2);
    assert.deepEqual(frames(b), ['found', 'both']);
  });
});

test('a message to a peer that does not run is refused', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const gone = new TestPeer('gone');
    await gone.network.start();
    const addresses = gone.network.addresses();
    await gone.network.stop();
    a.network.learn(gone.id, addresses);
    a.network.send(gone.id, 1, bytes('hello?'));
    await a.until(() => a.of('unreachable').length > 0);
    assert.deepEqual(a.of('unreachable'), [
      { type: 'unreachable', peer: gone.id, reason: 'refused' },
    ]);
  });
});

test('a queue that is full says so once, keeps its order and goes on when it has drained', async () => {
  const limits = { queueBytesMax: 64 * 1024 };
  await withPeers([new TestPeer('a', { limits }), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    const big = 'x'.repeat(10_000);
    // All in one turn of the event loop: nothing can leave meanwhile.
    for (let i = 0; i < 20; i++) a.network.send(b.id, 1, bytes(`${i} ${big}`));
    await a.until(() => a.of('unreachable').length > 0);
    await b.until(() => b.of('frame').length === 6);
    a.network.send(b.id, 1, bytes('after'));
    await b.until(() => b.of('frame').length === 7);
    assert.deepEqual(
      frames(b).map((text) => text.split(' ')[0]),
      ['0', '1', '2', '3', '4', '5', 'after'],
    );
    assert.deepEqual(a.of('unreachable'), [
      { type: 'unreachable', peer: b.id, reason: 'overflow' },
    ]);
    assert.equal(a.network.links().length, 1);
  });
});

test('a frame may have half a mebibyte and not a byte more', async () => {
  await withPeers([new TestPeer('a'), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    a.network.send(b.id, 1, new Uint8Array(512 * 1024));
    await a.until(() => a.of('unreachable').length > 0);
    a.network.send(b.id, 1, new Uint8Array(512 * 1024 - 1).fill(65));
    await b.until(() => b.of('frame').length > 0);
    assert.equal(frames(b)[0]?.length, 512 * 1024 - 1);
    assert.equal(b.of('frame').length, 1);
  });
});

test('a peer that sends too fast is read more slowly, and loses nothing', async () => {
  const slow = { bytesPerSecond: 4 * 1024 * 1024, frameBytesMax: 128 * 1024 };
  await withPeers([new TestPeer('a'), new TestPeer('b', { limits: slow })], async (a, b) => {
    await link(a, b);
    const started = performance.now();
    let sent = 0;
    // 6 MiB, kept below a's own queue.
    while (sent < 96) {
      const inside = insideOf(a);
      if (inside.queue.bytes < 1024 * 1024) {
        const frame = new Uint8Array(64 * 1024 - 1);
        frame[0] = sent++;
        a.network.send(b.id, 1, frame);
      } else await pause(2);
    }
    await b.until(() => b.of('frame').length === 96);
    assert.deepEqual(
      frames(b).map((text) => text.charCodeAt(0)),
      Array.from({ length: 96 }, (_, i) => i),
    );
    // A lower bound only: 6 MiB at 4 MiB/s after a burst of 1 MiB.
    assert.ok(performance.now() - started > 1000, 'nothing held the sender back');
    assert.deepEqual([...a.of('unreachable'), ...a.of('lost'), ...b.of('lost')], []);
  });
});

test('bootstrap addresses are dialled again until somebody is there', async () => {
  const first = new TestPeer('b');
  await first.network.start();
  const contacts = first.contacts;
  const [address = ''] = first.network.addresses();
  await first.network.stop();
  const a = new TestPeer('a', { bootstrap: [...contacts, 'nonsense', '/ip4/127.0.0.1/tcp/1'] });
  await withPeers([a], async () => {
    assert.equal(a.logged.filter((line) => line.includes('bootstrap address ignored')).length, 2);
    await a.until(() => a.logged.filter((line) => line.includes('refused')).length >= 2);
    await withPeers([new TestPeer('b', { listen: [address] })], async (b) => {
      await a.until(() => a.of('up').length > 0);
      assert.deepEqual(ups(a), [b.id]);
    });
  });
});

test('a link to somebody else is no reason to give up on a bootstrap peer', async () => {
  const first = new TestPeer('b');
  await first.network.start();
  const contacts = first.contacts;
  const [address = ''] = first.network.addresses();
  await first.network.stop();
  const a = new TestPeer('a', { bootstrap: contacts });
  await withPeers([a, new TestPeer('c')], async (_, c) => {
    await link(a, c);
    await withPeers([new TestPeer('b', { listen: [address] })], async (b) => {
      await a.until(() => ups(a).includes(b.id));
    });
  });
});

test('somebody known of old is dialled now and then, wanted or not: halves of a cloud find each other', async () => {
  const a = new TestPeer('a', { limits: { reunionMs: 10 } });
  await withPeers([a, new TestPeer('b'), new TestPeer('c')], async (_, b, c) => {
    a.network.learn(b.id, b.network.addresses());
    await link(a, c);
    await a.until(() => ups(a).includes(b.id));
  });
});

test('remembered addresses are enough to come back', async () => {
  const saved: { peer: PeerId; addresses: readonly string[] }[] = [];
  const addressBook = {
    load: () => saved,
    save: (peers: readonly { peer: PeerId; addresses: readonly string[] }[]) => {
      saved.splice(0, Infinity, ...peers);
    },
  };
  await withPeers([new TestPeer('b')], async (b) => {
    await withPeers([new TestPeer('a', { addressBook })], async (a) => link(a, b));
    assert.deepEqual(saved, [{ peer: b.id, addresses: b.network.addresses() }]);
    await withPeers([new TestPeer('a', { addressBook, boot: 2 })], async (a) => {
      await a.until(() => a.of('up').length > 0);
      assert.deepEqual(ups(a), [b.id]);
    });
  });
});

test('the round trip of a link becomes known', async () => {
  const limits = { tickMs: 20 };
  await withPeers([new TestPeer('a', { limits }), new TestPeer('b')], async (a, b) => {
    await link(a, b);
    await a.until(() => a.network.links()[0]?.rttMs !== undefined);
    const rttMs = a.network.links()[0]?.rttMs ?? -1;
    assert.ok(rttMs > 0);
  });
});

test('a full peer takes no more links', async () => {
  const limits = { linksMax: 1 };
  const peers = [new TestPeer('full', { limits }), new TestPeer('b'), new TestPeer('c')];
  await withPeers(peers, async (full, b, c) => {
    await link(b, full);
    c.network.learn(full.id, full.network.addresses());
    c.network.send(full.id, 1, bytes('me too'));
    await c.until(() => c.of('unreachable').length > 0);
    assert.deepEqual(ups(full), [b.id]);
    assert.match(full.logged.join('\n'), /there are 1 links already/);
  });
});

test('a key that does not fit the certificate is refused at start', async () => {
  const mixed = { ...identity('a'), seed: identity('b').seed };
  const peer = new TestPeer('a', { identity: mixed });
  await assert.rejects(peer.network.start(), /cannot start as peer a: its certificate is for/);
});

test('an address in use is refused at start, by name', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const [address = ''] = a.network.addresses();
    const second = new TestPeer('b', { listen: [address] });
    await assert.rejects(second.network.start(), new RegExp(`cannot listen on ${address}`));
  });
});
