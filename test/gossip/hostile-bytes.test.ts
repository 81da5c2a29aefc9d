import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'cborg';
import { gossipPresets } from '../../src/gossip/config.ts';
import { Family } from '../../src/gossip/family.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { enterAll, peerIdOf, SimulatedCloud } from './simulated-cloud.ts';
import type { SimulatedPeer } from './simulated-cloud.ts';

const families = [...Object.values(Family), 0, 99, 255];

/** Random values of the shapes that messages have, so that decoding gets far. */
function nonsense(random: SeededRandom, depth: number): unknown {
  switch (random.int(depth > 0 ? 9 : 7)) {
    case 0:
      return random.int(4);
    case 1:
      return random.int(2 ** 31) * 2 ** 21;
    case 2:
      return -random.next() * 1e300;
    case 3:
      return new Uint8Array(random.int(3) === 0 ? 32 : random.int(40)).fill(random.int(256));
    case 4:
      return 'slice-1';
    case 5:
      return random.next() < 0.5;
    case 6:
      return peerIdOf(random.int(4));
    default:
      return Array.from({ length: random.int(8) }, () => nonsense(random, depth - 1));
  }
}

function victim(): { cloud: SimulatedCloud; peer: SimulatedPeer } {
  const cloud = new SimulatedCloud('hostile');
  cloud.add(3);
  cloud.run(3000);
  enterAll(cloud, cloud.peers, 'slice-1');
  cloud.run(1000);
  const peer = cloud.peers[1];
  assert.ok(peer !== undefined);
  return { cloud, peer };
}

describe('hostile bytes', () => {
  it('no bytes make the stack throw, and what does not decode is counted', () => {
    const { cloud, peer } = victim();
    const random = new SeededRandom('bytes');
    for (let i = 0; i < 8000; i++) {
      const payload = Uint8Array.from({ length: random.int(60) }, () => random.int(256));
      peer.stack.frame(peerIdOf(0), families[i % families.length] ?? 0, payload, cloud.nowMs);
    }
    peer.stack.drain();
    assert.ok(peer.stack.counters().dropped > 5000);
  });

  it('no well-formed nonsense makes it throw, grow beyond its bounds, or lose its own place', () => {
    const { cloud, peer } = victim();
    const random = new SeededRandom('nonsense');
    for (let i = 0; i < 8000; i++) {
      const fields = Array.from({ length: random.int(8) }, () => nonsense(random, 3));
      const from = peerIdOf(random.int(4));
      peer.stack.frame(from, families[i % families.length] ?? 0, encode(fields), cloud.nowMs);
      if (i % 100 === 0) peer.stack.tick(cloud.nowMs);
    }
    peer.stack.drain();
    assert.ok(peer.stack.wanted().length <= gossipPresets.lan.linksMax);
    assert.equal(peer.stack.membership.get(peer.id)?.state, 'alive');
    assert.ok((peer.stack.ring('slice-1')?.view.length ?? 0) <= 80);
  });

  it('mutations of real messages neither throw nor stop the cloud', () => {
    const { cloud, peer } = victim();
    const random = new SeededRandom('mutations');
    const sent = cloud.peers.flatMap((other) => {
      other.stack.tick(cloud.nowMs + 20_000);
      return other.stack.drain();
    });
    assert.ok(sent.length > 5);
    for (let i = 0; i < 8000; i++) {
      const message = sent[random.int(sent.length)];
      const payload = Uint8Array.from(message?.payload ?? []);
      for (let flips = 0; flips <= random.int(3); flips++) {
        payload[random.int(payload.length)] = random.int(256);
      }
      peer.stack.frame(peerIdOf(0), message?.family ?? 0, payload, cloud.nowMs + 20_000);
    }
    peer.stack.drain();
    assert.equal(peer.stack.membership.get(peer.id)?.state, 'alive');
  });

  it('a flood of invented peers stays within the bound of the member table', () => {
    const { cloud, peer } = victim();
    for (let i = 0; i < 320; i++) {
      const updates = Array.from({ length: 64 }, (_, n) => [
        `fake-${i}-${n}`,
        1,
        0,
        n % 2 ? 0 : 3,
        0,
      ]);
      peer.stack.frame(peerIdOf(0), Family.membership, encode([4, ...updates]), cloud.nowMs);
      peer.stack.drain();
    }
    const all = peer.stack.membership.all();
    const { membersMax, deadMax } = gossipPresets.lan.detector;
    assert.ok(all.length > 10_000 && all.length <= membersMax);
    assert.ok(all.filter(({ state }) => state === 'dead').length <= deadMax);
  });
});
