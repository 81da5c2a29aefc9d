import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from './child.ts';
import { bytes, pause, TestPeer, withPeers } from './test-cloud.ts';

test('a killed process is known to be gone, whoever dialled, and up again when it returns', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const first = await startChild('kid');
    a.network.learn(first.id, first.addresses);
    a.network.want([first.id]);
    await a.until(() => a.of('up').length === 1);
    await first.kill();
    await a.until(() => a.of('lost').length === 1);
    assert.deepEqual(a.network.links(), []);
    // Nobody here wants it now: it comes by itself, from another port.
    a.network.want([]);
    const second = await startChild('kid', { boot: 2, bootstrap: a.contacts });
    await a.until(() => a.of('up').length === 2);
    await second.kill();
    await a.until(() => a.of('lost').length === 2);
    assert.deepEqual(a.seen, [
      { type: 'up', peer: first.id, boot: 1 },
      { type: 'lost', peer: first.id, how: 'refused' },
      { type: 'up', peer: first.id, boot: 2 },
      { type: 'lost', peer: first.id, how: 'refused' },
    ]);
  });
});

test('a process that stands still is silent once writes to it are stuck', async () => {
  const limits = { stuckMs: 300, tickMs: 50 };
  await withPeers([new TestPeer('a', { limits })], async (a) => {
    const child = await startChild('kid');
    a.network.learn(child.id, child.addresses);
    a.network.want([child.id]);
    await a.until(() => a.of('up').length > 0);
    child.process.kill('SIGSTOP');
    const feed = setInterval(() => a.network.send(child.id, 1, new Uint8Array(500_000)), 20);
    await a.until(() => a.of('lost').length > 0);
    clearInterval(feed);
    assert.equal(a.of('lost')[0]?.how, 'silent');
    assert.ok(
      a.of('unreachable').some(({ reason }) => reason === 'silent' || reason === 'overflow'),
      'what was queued is reported',
    );
    await child.kill();
  });
});

test('a process that stands still is silent after some pings, even if nobody writes to it', async () => {
  const limits = { pingEveryMs: 50, tickMs: 20 };
  await withPeers([new TestPeer('a', { limits })], async (a) => {
    const child = await startChild('kid', { bootstrap: a.contacts });
    await a.until(() => a.network.links()[0]?.rttMs !== undefined);
    child.process.kill('SIGSTOP');
    await a.until(() => a.of('lost').length > 0);
    assert.equal(a.of('lost')[0]?.how, 'silent');
    await child.kill();
  });
});

test('a process whose network stops leaves nothing behind and ends by itself', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const child = await startChild('kid', { bootstrap: a.contacts });
    await a.until(() => a.of('up').length > 0);
    a.network.send(child.id, 1, bytes('busy'));
    await pause(20);
    assert.equal(await child.stop(), 0);
    await a.until(() => a.of('lost').length > 0);
    assert.equal(a.of('lost')[0]?.how, 'closed');
  });
});
