import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerIdWire } from '../../src/gossip/peer-id-wire.ts';
import { lanTMan } from '../../src/gossip/t-man/config.ts';
import { RingView, circumference } from '../../src/gossip/t-man/ring-view.ts';
import { TMan } from '../../src/gossip/t-man/t-man.ts';
import { drawSome } from '../../src/lib/draw.ts';
import { mix53 } from '../../src/lib/mix.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { Cycles, plainId } from './cycles.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { TManConfig } from '../../src/gossip/t-man/config.ts';

const position = (peer: PeerId): number => mix53(`slice/${peer}`);

interface Start {
  readonly size: number;
  /** Random members that each peer begins with. */
  readonly contacts: number;
  readonly seed: string;
  readonly config?: TManConfig;
}

function build({ size, contacts, seed, config = lanTMan }: Start): Cycles<TMan> {
  const cycles = new Cycles<TMan>(seed);
  const all = Array.from({ length: size }, (_, index) => plainId(index));
  const wire = new PeerIdWire();
  for (const self of all) {
    const own = { boot: 1, incarnation: 1 };
    const samples = (
      count: number,
      random: SeededRandom | { int(bound: number): number },
    ): PeerId[] =>
      drawSome(all, count, random as SeededRandom).filter((peer) => cycles.isAlive(peer));
    const components = { self, position, own: () => own, isLiving: () => true, samples, wire };
    cycles.add(self, new TMan(components, config));
  }
  for (const peer of all) {
    const drawn = drawSome(all, contacts, cycles.random);
    cycles.of(peer).add(drawn.map((contact) => ({ peer: contact, boot: 1 })));
  }
  return cycles;
}

/** Living members whose successor or predecessor is not the true one: the naive answer beside the clever one. */
function wrongNeighbours(cycles: Cycles<TMan>): number {
  const sorted = cycles.living.toSorted((a, b) => position(a) - position(b));
  const at = (index: number): PeerId => sorted[(index + sorted.length) % sorted.length] as PeerId;
  return sorted.filter((peer, index) => {
    const { successor, predecessor } = cycles.of(peer);
    return successor !== at(index + 1) || predecessor !== at(index - 1);
  }).length;
}

describe('t-man', () => {
  for (const size of [1, 2, 5, 32]) {
    it(`a slice of ${size} that knows all its members has a perfect ring before any message`, () => {
      const cycles = build({ size, contacts: size, seed: 'known' });
      assert.equal(wrongNeighbours(cycles), 0);
      cycles.cycle(3);
      assert.equal(wrongNeighbours(cycles), 0);
    });
  }

  it('members who know one contact each have a perfect ring within a few cycles', () => {
    for (const size of [2, 5, 32]) {
      const cycles = build({ size, contacts: 0, seed: `one ${size}` });
      for (let i = 1; i < size; i++) cycles.of(plainId(i)).add([{ peer: plainId(0), boot: 1 }]);
      const took = cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 8);
      assert.ok(took !== undefined, `no ring of ${size}: ${wrongNeighbours(cycles)} wrong`);
    }
  });

  it('1024 peers with 20 random contacts each have a perfect ring within 8 cycles', () => {
    const cycles = build({ size: 1024, contacts: 20, seed: 'thousand' });
    const took = cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 8);
    assert.ok(took !== undefined, `${wrongNeighbours(cycles)} still wrong`);
  });

  it('20 % loss delays the ring but does not break it', () => {
    const cycles = build({ size: 256, contacts: 20, seed: 'loss' });
    cycles.loss = 0.2;
    assert.ok(cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 12) !== undefined);
  });

  it('half of a ring dies at once and the survivors close it within 10 cycles', () => {
    const cycles = build({ size: 256, contacts: 20, seed: 'half' });
    cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 10);
    for (const peer of drawSome(cycles.living, 128, cycles.random)) cycles.kill(peer);
    assert.ok(wrongNeighbours(cycles) > 75);
    const took = cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 10);
    assert.ok(took !== undefined, `${wrongNeighbours(cycles)} still wrong`);
  });

  it('without tombstones the dead are given back: the trap of plain T-Man', () => {
    const forgetful = { ...lanTMan, tombstoneCycles: 0, tombstonesSent: 0 };
    const start = { size: 128, contacts: 20, seed: 'trap' };
    const left = [lanTMan, forgetful].map((config) => {
      const cycles = build({ ...start, config });
      cycles.cycle(8);
      for (const peer of drawSome(cycles.living, 64, cycles.random)) cycles.kill(peer);
      cycles.cycle(8);
      return wrongNeighbours(cycles);
    });
    assert.equal(left[0], 0);
    assert.ok((left[1] as number) > 0, 'burying the dead made no difference');
  });

  it('who leaves is gone from the ring at once, and may enter again under a later incarnation', () => {
    const wire = new PeerIdWire();
    const cycles = new Cycles<TMan>('leave');
    const all = [0, 1, 2, 3, 4].map(plainId);
    const incarnations = new Map(all.map((peer) => [peer, 1]));
    const make = (self: PeerId): TMan =>
      new TMan(
        {
          self,
          position,
          own: () => ({ boot: 1, incarnation: incarnations.get(self) ?? 1 }),
          isLiving: () => true,
          samples: () => [],
          wire,
        },
        lanTMan,
      );
    for (const peer of all) cycles.add(peer, make(peer));
    const contacts = all.map((peer) => ({ peer, boot: 1 }));
    for (const peer of all) cycles.of(peer).add(contacts);
    const leaver = plainId(3);
    cycles.call(leaver, (tMan, context) => tMan.leave(context));
    cycles.kill(leaver);
    assert.equal(wrongNeighbours(cycles), 0);
    cycles.cycle(2);
    assert.equal(wrongNeighbours(cycles), 0);

    incarnations.set(leaver, 2);
    cycles.add(leaver, make(leaver));
    cycles.of(leaver).add(contacts);
    cycles.cycle(2);
    assert.equal(cycles.living.length, 5);
    assert.equal(wrongNeighbours(cycles), 0);
  });

  it('a member that is buried by mistake rises above its tombstone', () => {
    const cycles = build({ size: 5, contacts: 5, seed: 'buried' });
    for (let i = 0; i < 4; i++) cycles.of(plainId(i)).bury(plainId(4), 1);
    assert.ok(wrongNeighbours(cycles) > 0);
    const took = cycles.cycleUntil(() => wrongNeighbours(cycles) === 0, 4);
    assert.ok(took !== undefined);
  });

  it('keeps its bounds: 80 entries, 256 tombstones', () => {
    const cycles = build({ size: 400, contacts: 400, seed: 'bounds' });
    const one = cycles.of(plainId(0));
    assert.equal(one.view.length, 80);
    for (let i = 1; i < 400; i++) one.bury(plainId(i), 1);
    assert.equal(one.tombstones, 256);
    assert.equal(one.successor, plainId(0));
    assert.equal(one.predecessor, plainId(0));
  });
});

describe('ring view', () => {
  it('answers as a sorted list of everything would', () => {
    const random = new SeededRandom('naive');
    const view = new RingView(circumference / 3, 20);
    const all = Array.from({ length: 300 }, (_, index) => ({
      peer: plainId(index),
      position: Math.floor(random.next() * circumference),
    }));
    for (const { peer, position: at } of all) view.put({ peer, boot: 1, incarnation: 1 }, at);
    const clockwise = all
      .map(({ peer, position: at }) => ({
        peer,
        distance: (at - circumference / 3 + circumference) % circumference,
      }))
      .toSorted((a, b) => a.distance - b.distance)
      .map(({ peer }) => peer);
    assert.deepEqual(view.peers(), [...clockwise.slice(0, 20), ...clockwise.slice(-20)]);
    assert.equal(view.successor(), clockwise[0]);
    assert.equal(view.predecessor(), clockwise.at(-1));
  });
});
