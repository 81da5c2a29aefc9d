import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lanSampling } from '../../src/gossip/peer-sampling/config.ts';
import { PeerSampler } from '../../src/gossip/peer-sampling/peer-sampler.ts';
import { decodeSampling } from '../../src/gossip/peer-sampling/message.ts';
import { PeerIdWire } from '../../src/gossip/peer-id-wire.ts';
import { drawSome } from '../../src/lib/draw.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { Cycles, plainId } from './cycles.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { SamplingConfig } from '../../src/gossip/peer-sampling/config.ts';

const wire = new PeerIdWire();
const contact = (peer: PeerId): { peer: PeerId; addresses: string[] } => ({ peer, addresses: [] });

function build(
  size: number,
  contacts: (index: number) => readonly number[],
  config: SamplingConfig = lanSampling,
): Cycles<PeerSampler> {
  const cycles = new Cycles<PeerSampler>(`sampling ${size}`);
  for (let index = 0; index < size; index++) {
    const self = plainId(index);
    const sampler = new PeerSampler({ self, addresses: () => [`/dns/${self}`], wire }, config);
    cycles.add(self, sampler);
    sampler.add(
      contacts(index).map((other) => contact(plainId(other))),
      cycles.random,
    );
  }
  return cycles;
}

const lattice =
  (size: number) =>
  (index: number): number[] =>
    Array.from({ length: 30 }, (_, i) => (index + i + 1) % size);

function inDegrees(cycles: Cycles<PeerSampler>): Map<PeerId, number> {
  const degrees = new Map(cycles.living.map((peer) => [peer, 0]));
  for (const peer of cycles.living) {
    for (const known of cycles.of(peer).peers()) {
      degrees.set(known, (degrees.get(known) ?? 0) + 1);
    }
  }
  return degrees;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Links to the dead, per living peer. */
function deadLinks(cycles: Cycles<PeerSampler>): number {
  const { living } = cycles;
  let dead = 0;
  for (const peer of living) {
    dead += cycles
      .of(peer)
      .peers()
      .filter((known) => !cycles.isAlive(known)).length;
  }
  return dead / living.length;
}

/** Peers reachable from one over views taken in both directions. */
function component(cycles: Cycles<PeerSampler>): number {
  const links = new Map<PeerId, PeerId[]>();
  const link = (a: PeerId, b: PeerId): unknown => links.set(a, [...(links.get(a) ?? []), b]);
  for (const peer of cycles.living) {
    for (const known of cycles
      .of(peer)
      .peers()
      .filter((other) => cycles.isAlive(other))) {
      link(peer, known);
      link(known, peer);
    }
  }
  const seen = new Set<PeerId>(cycles.living.slice(0, 1));
  for (const peer of seen) for (const next of links.get(peer) ?? []) seen.add(next);
  return seen.size;
}

describe('peer sampling', () => {
  it('turns a lattice into a random graph: in-degrees as even as in one by cycle 20', () => {
    const cycles = build(200, lattice(200));
    cycles.cycle(20);
    const degrees = [...inDegrees(cycles).values()];
    assert.ok(deviation(degrees) <= 7, `standard deviation ${deviation(degrees)}`);
    assert.ok(Math.min(...degrees) > 0);
    assert.equal(component(cycles), 200);
  });

  it('a star of joiners through one contact ends with no hub', () => {
    const cycles = build(200, (index) => (index === 0 ? [] : [0]));
    cycles.cycle(20);
    assert.ok(Math.max(...inDegrees(cycles).values()) < 150);
    assert.equal(component(cycles), 200);
  });

  it('half die at once: less than one dead link a peer after 7 cycles, then even in-degrees again', () => {
    const cycles = build(200, lattice(200));
    cycles.cycle(15);
    for (const peer of drawSome(cycles.living, 100, cycles.random)) cycles.kill(peer);
    assert.ok(deadLinks(cycles) > 10);
    cycles.cycle(7);
    assert.ok(deadLinks(cycles) < 1, `${deadLinks(cycles)} dead links a peer`);
    cycles.cycle(25);
    const spread = deviation([...inDegrees(cycles).values()]);
    assert.ok(spread <= 7, `standard deviation ${spread}`);
    assert.equal(component(cycles), 100);
  });

  it('the silent dead fade out too, when nobody is told that messages are in vain', () => {
    const cycles = build(100, lattice(100));
    cycles.tellsUnreachable = false;
    cycles.cycle(10);
    for (const peer of drawSome(cycles.living, 50, cycles.random)) cycles.kill(peer);
    cycles.cycle(25);
    assert.ok(deadLinks(cycles) < 1, `${deadLinks(cycles)} dead links a peer`);
  });

  it('the halves of a partition of 100 cycles merge within 10 cycles, through the slow store', () => {
    const merged = [lanSampling, { ...lanSampling, storeEveryCycles: 1_000_000 }].map((config) => {
      const cycles = build(60, lattice(60), config);
      cycles.cycle(10);
      cycles.group = (peer) => Number(peer.slice(1)) % 2;
      cycles.cycle(100);
      assert.equal(component(cycles), 30);
      cycles.group = () => 0;
      cycles.cycle(10);
      return component(cycles);
    });
    assert.deepEqual(merged, [60, 30], 'with the store, and without');
  });

  it('two peers that lose messages do not lose each other', () => {
    const cycles = build(2, (index) => [1 - index]);
    cycles.loss = 0.3;
    cycles.tellsUnreachable = false;
    cycles.cycle(300);
    cycles.loss = 0;
    cycles.cycle(6);
    assert.deepEqual(cycles.of(plainId(0)).peers(), [plainId(1)]);
    assert.deepEqual(cycles.of(plainId(1)).peers(), [plainId(0)]);
  });

  it('every buffer carries its sender, fresh; without it the cloud cannot heal', () => {
    const cycles = build(40, lattice(40));
    let seen = 0;
    for (const self of cycles.living) {
      const context = {
        nowMs: 0,
        random: new SeededRandom(self),
        send: (_to: PeerId, message: Uint8Array) => {
          const own = decodeSampling(message, wire)?.descriptors.find(({ peer }) => peer === self);
          assert.equal(own?.age, 0);
          assert.deepEqual(own?.addresses, [`/dns/${self}`]);
          seen++;
        },
      };
      cycles.of(self).cycle(context);
    }
    assert.ok(seen >= 40);
  });

  it('keeps its bounds: c descriptors, oneself never among them', () => {
    const cycles = build(200, lattice(200));
    cycles.cycle(10);
    for (const peer of cycles.living) {
      const peers = cycles.of(peer).peers();
      assert.ok(peers.length <= 30);
      assert.equal(new Set(peers).size, peers.length);
      assert.ok(!peers.includes(peer));
    }
  });
});
