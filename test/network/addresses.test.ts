import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from '../../src/network/address-book.ts';
import { announced, parseAddress } from '../../src/network/address.ts';
import { Backoff } from '../../src/network/backoff.ts';
import { TokenBucket } from '../../src/network/token-bucket.ts';
import { identity } from './test-cloud.ts';
import type { PeerId } from '../../src/objects/ids.ts';

const peer = (i: number): PeerId => `peer${i}` as PeerId;
const at = (i: number): string => `/ip4/10.0.${i >> 8}.${i & 255}/tcp/4600`;

test('an address is TCP over IPv4, IPv6 or a name; everything else is none', () => {
  const { peer: id } = identity('a');
  assert.deepEqual(parseAddress(`/ip4/10.0.0.1/tcp/4600/p2p/${id}`), {
    text: '/ip4/10.0.0.1/tcp/4600',
    host: '10.0.0.1',
    port: 4600,
    peer: id,
  });
  assert.equal(parseAddress('/ip6/fd00::1/tcp/1')?.host, 'fd00::1');
  assert.equal(parseAddress('/dns4/node1.lab/tcp/1')?.host, 'node1.lab');
  for (const text of [
    '',
    '10.0.0.1:4600',
    '/ip4/10.0.0.256/tcp/1',
    '/ip4/::1/tcp/1',
    '/ip4/10.0.0.1/tcp/65536',
    '/ip4/10.0.0.1/udp/1',
    '/ip4/10.0.0.1/tcp/1/p2p-circuit',
    '/dns/-bad-/tcp/1',
    `/dns/${'a'.repeat(200)}/tcp/1`,
    '/unix/tmp/socket',
  ]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('loopback is announced only when there is nothing else, a wildcard never', () => {
  const lan = '/ip4/192.168.1.5/tcp/4600';
  const loopback = '/ip4/127.0.0.1/tcp/4600';
  assert.deepEqual(announced([loopback, lan], 8), [lan]);
  assert.deepEqual(announced([loopback], 8), [loopback]);
  const useless = ['/ip4/0.0.0.0/tcp/4600', '/ip6/fe80::1/tcp/4600', '/ip4/10.0.0.1/tcp/0'];
  assert.deepEqual(announced(useless, 8), []);
});

test('the book keeps eight addresses of each of 512 peers, the most recent ones', () => {
  const book = new AddressBook(peer(0));
  for (let i = 1; i <= 600; i++) book.learn(peer(i), [at(i)]);
  assert.equal(book.peers().length, 512);
  assert.deepEqual(book.addresses(peer(88)), []);
  assert.equal(book.peers()[0]?.peer, peer(600));
  book.learn(
    peer(600),
    Array.from({ length: 20 }, (_, i) => at(1000 + i)),
  );
  assert.equal(book.addresses(peer(600)).length, 8);
  book.learn(peer(0), [at(1)]);
  assert.deepEqual(book.addresses(peer(0)), [], 'nobody looks oneself up');
});

test('hearsay never pushes out what worked, and what a peer says itself replaces hearsay', () => {
  const book = new AddressBook(peer(0));
  book.confirm(peer(1), [at(1), at(2)], at(3));
  assert.deepEqual(book.addresses(peer(1)), [at(3), at(1), at(2)]);
  for (let i = 0; i < 50; i++) book.learn(peer(1), [at(100 + i), 'nonsense']);
  assert.deepEqual(book.addresses(peer(1)).slice(0, 3), [at(3), at(1), at(2)]);
  assert.ok(book.addresses(peer(1)).includes(at(149)), 'and the newest hearsay is heard');
  book.confirm(peer(1), [at(9)], undefined);
  assert.deepEqual(book.addresses(peer(1)), [at(9)]);
});

test('a book says once that it changed', () => {
  const book = new AddressBook(peer(0));
  book.learn(peer(1), [at(1)]);
  assert.deepEqual([book.takeChanged(), book.takeChanged()], [true, false]);
  book.learn(peer(1), [at(1)]);
  assert.equal(book.takeChanged(), false);
});

test('pauses between dials double up to the longest, with jitter, until a success', () => {
  const backoff = new Backoff({ backoffFirstMs: 100, backoffMaxMs: 30_000 });
  assert.equal(backoff.notBeforeMs(peer(1)), 0);
  for (let i = 0; i < 12; i++) {
    backoff.failed(peer(1), 'refused', 1000);
    const pauseMs = backoff.notBeforeMs(peer(1)) - 1000;
    const fullMs = Math.min(30_000, 100 * 2 ** i);
    assert.ok(pauseMs >= fullMs / 2 && pauseMs <= fullMs, `${pauseMs} of ${fullMs}`);
  }
  assert.equal(backoff.failedWithin(peer(1), 1000, 1999), 'refused');
  assert.equal(backoff.failedWithin(peer(1), 1000, 2000), undefined);
  backoff.forget(peer(1));
  assert.equal(backoff.notBeforeMs(peer(1)), 0);
});

test('a bucket lets its burst pass, then its rate, and remembers a debt', () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 50 }, 0);
  assert.equal(bucket.take(50, 0), 0);
  assert.equal(bucket.take(100, 0), 1000);
  assert.equal(bucket.take(0, 900), 100);
  assert.equal(bucket.take(0, 1000), 0);
  // An hour of silence saves up no more than the burst.
  assert.equal(bucket.take(51, 3_600_000), 10);
  assert.equal(bucket.tryTake(3_600_000), false);
  assert.equal(bucket.tryTake(3_600_020), true);
});
