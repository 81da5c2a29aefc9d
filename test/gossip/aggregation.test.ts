import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Aggregator } from '../../src/gossip/aggregation/aggregator.ts';
import { lanAveraging } from '../../src/gossip/aggregation/config.ts';
import { Flows } from '../../src/gossip/aggregation/flows.ts';
import { drawOne, drawSome } from '../../src/lib/draw.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { Slicer } from '../../src/gossip/slicing/slicer.ts';
import { Cycles, plainId } from './cycles.ts';
import type { AveragingConfig } from '../../src/gossip/aggregation/config.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { Protocol } from '../../src/gossip/protocol.ts';

/** A random living peer: what peer sampling gives. */
function partners(cycles: Cycles<Protocol>): (self: PeerId) => () => PeerId | undefined {
  return (self) => () => {
    for (let draws = 0; draws < 20; draws++) {
      const peer = drawOne(cycles.living, cycles.random);
      if (peer !== self) return peer;
    }
    return undefined;
  };
}

function add(cycles: Cycles<Aggregator>, index: number, config: AveragingConfig): void {
  const self = plainId(index);
  const values = (): { load: number; free: boolean } => ({
    load: index % 10,
    free: index % 3 === 0,
  });
  const partner = partners(cycles)(self);
  cycles.add(self, new Aggregator({ self, boot: 1, partner, values }, config));
}

function build(
  size: number,
  seed: string,
  config: AveragingConfig = lanAveraging,
): Cycles<Aggregator> {
  const cycles = new Cycles<Aggregator>(seed);
  for (let index = 0; index < size; index++) add(cycles, index, config);
  return cycles;
}

const sizes = (cycles: Cycles<Aggregator>): number[] =>
  cycles.living.map((peer) => cycles.of(peer).aggregates.size);

const worst = (cycles: Cycles<Aggregator>, truth: number): number =>
  Math.max(...sizes(cycles).map((size) => Math.abs(size - truth) / truth));

describe('aggregation', () => {
  for (const size of [1, 2, 3, 10, 40]) {
    it(`${size} peers count themselves exactly, and their free ones, and the mean load`, () => {
      const cycles = build(size, `exact ${size}`);
      cycles.cycle(25);
      const free = Math.ceil(size / 3);
      const load = Array.from({ length: size }, (_, i) => i % 10).reduce((a, b) => a + b, 0) / size;
      for (const peer of cycles.living) {
        const { aggregates } = cycles.of(peer);
        assert.equal(aggregates.size, size);
        assert.equal(aggregates.freePeers, free);
        assert.ok(Math.abs(aggregates.meanLoad - load) < 0.02 * Math.max(1, load));
        assert.equal(aggregates.isConverged, true);
      }
    });
  }

  it('20 % message loss: every peer within 1 % of the size', () => {
    const cycles = build(200, 'loss');
    cycles.loss = 0.2;
    cycles.cycle(45);
    assert.ok(worst(cycles, 200) <= 0.01, `worst ${worst(cycles, 200)}`);
  });

  it('1 % of the peers replaced in every cycle: the median peer within 3 %', () => {
    const cycles = build(200, 'churn');
    let next = 200;
    const buried: { peer: PeerId; atCycle: number }[] = [];
    let seen = 0;
    for (let cycle = 0; cycle < 80; cycle++) {
      for (const peer of drawSome(cycles.living, 2, cycles.random)) {
        cycles.kill(peer);
        buried.push({ peer, atCycle: cycle + 2 });
        add(cycles, next++, lanAveraging);
      }
      cycles.cycle();
      // The failure detector knows after two cycles.
      for (const { peer } of buried.filter(({ atCycle }) => atCycle === cycle)) {
        for (const other of cycles.living) cycles.of(other).forget(peer, 1);
      }
      if (cycle < 45 || cycle % 5 !== 0) continue;
      const known = sizes(cycles).toSorted((a, b) => a - b);
      const median = known[known.length >> 1] as number;
      assert.ok(Math.abs(median - 200) <= 6, `median ${median} in cycle ${cycle}`);
      seen++;
    }
    assert.ok(seen >= 6);
  });

  it('follows half of the peers dying, leaders among them, within two epochs', () => {
    const cycles = build(40, 'half');
    cycles.cycle(20);
    for (const peer of cycles.living.slice(0, 20)) {
      cycles.kill(peer);
      for (const other of cycles.living) cycles.of(other).forget(peer, 1);
    }
    const isRight = (): boolean => sizes(cycles).every((size) => size === 20);
    assert.ok(cycles.cycleUntil(isRight, 60) !== undefined, sizes(cycles).join());
  });

  it('follows peers that join within an epoch', () => {
    const cycles = build(10, 'join', { ...lanAveraging, epochMs: 10_000_000 });
    cycles.cycle(20);
    for (let index = 10; index < 14; index++) add(cycles, index, lanAveraging);
    const isRight = (): boolean => sizes(cycles).every((size) => size === 14);
    assert.ok(cycles.cycleUntil(isRight, 40) !== undefined, sizes(cycles).join());
  });

  it('the paper’s literal text, where only the receiver updates, does not keep the sum', () => {
    const random = new SeededRandom('literal');
    const estimates = Array.from({ length: 10 }, () => {
      const values = Array.from({ length: 100 }, () => 0);
      values[0] = 1;
      for (let cycle = 0; cycle < 30; cycle++) {
        for (let p = 0; p < 100; p++) {
          const q = random.int(100);
          values[q] = ((values[q] as number) + (values[p] as number)) / 2;
        }
      }
      return 1 / (values[1] as number);
    });
    assert.ok(Math.max(...estimates) > 130 || Math.min(...estimates) < 70, estimates.join());
  });
});

describe('flows', () => {
  const pair = (): [Flows, Flows] => [
    new Flows('a' as PeerId, () => 10, 8),
    new Flows('b' as PeerId, () => 0, 8),
  ];
  const [a, b] = ['a', 'b'] as PeerId[] as [PeerId, PeerId];
  const sum = (...flows: Flows[]): number =>
    flows.reduce((total, one) => total + (one.estimate(0) ?? 0), 0);

  it('any order, loss or doubling of messages ends with the sum kept', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed);
      const [one, two] = pair();
      one.add(0);
      two.add(0);
      const wires: (() => void)[] = [];
      const ask = (from: Flows, to: Flows, fromId: PeerId, toId: PeerId): void => {
        const sent = from.items(toId);
        wires.push(() => {
          to.meet(fromId, sent.version, sent.items);
          const answer = to.items(fromId);
          wires.push(() => from.settle(toId, answer.version, answer.items));
        });
      };
      for (let step = 0; step < 30; step++) {
        const choice = random.int(5);
        if (choice === 0) ask(one, two, a, b);
        else if (choice === 1) ask(two, one, b, a);
        else if (wires.length > 0) {
          const at = random.int(wires.length);
          const run = wires[at] as () => void;
          if (choice !== 4) wires.splice(at, 1);
          if (random.next() > 0.3) run();
        }
      }
      wires.length = 0;
      ask(one, two, a, b);
      while (wires.length > 0) wires.shift()?.();
      assert.ok(Math.abs(sum(one, two) - 10) < 1e-9, `seed ${seed}: sum ${sum(one, two)}`);
      assert.ok(Math.abs((one.estimate(0) ?? 0) - 5) < 1e-9);
    }
  });

  it('forgetting the dead gives back what flowed to it', () => {
    const [one, two] = pair();
    one.add(0);
    two.add(0);
    const sent = one.items(b);
    two.meet(a, sent.version, sent.items);
    const answer = two.items(a);
    one.settle(b, answer.version, answer.items);
    assert.deepEqual([one.estimate(0), two.estimate(0)], [5, 5]);
    one.forget(b);
    assert.equal(one.estimate(0), 10);
  });
});

describe('slicing', () => {
  function ranked(size: number, valueOf: (index: number) => number): Cycles<Slicer> {
    const cycles = new Cycles<Slicer>(`slicing ${size}`);
    for (let index = 0; index < size; index++) {
      const self = plainId(index);
      const attributes = (): Record<string, number> => ({ cores: valueOf(index) });
      const partner = partners(cycles)(self);
      cycles.add(
        self,
        new Slicer({ self, partner, attributes }, { ...lanAveraging, epochMs: 1e9 }),
      );
    }
    return cycles;
  }

  it('in a cloud with few distinct values every rank is exact', () => {
    const valueOf = (index: number): number => [4, 4, 8, 16, 64][index % 5] as number;
    const cycles = ranked(40, valueOf);
    assert.equal(cycles.of(plainId(0)).rankOf('cores', 0), undefined);
    cycles.cycle(30);
    for (let index = 0; index < 40; index++) {
      const below = Array.from({ length: 40 }, (_, i) => i).filter(
        (i) => valueOf(i) < valueOf(index),
      );
      const rank = cycles.of(plainId(index)).rankOf('cores', 30_000) ?? NaN;
      assert.ok(Math.abs(rank - below.length / 40) < 0.002, `${rank} for ${below.length / 40}`);
    }
  });

  it('among 250 peers with a skewed attribute, fewer than 3 % misjudge whether they are in the top tenth', () => {
    const random = new SeededRandom('skewed');
    const values = Array.from({ length: 250 }, () => 1 / (0.01 + random.next()));
    const cycles = ranked(250, (index) => values[index] as number);
    cycles.of(plainId(0)).rankOf('cores', 0);
    cycles.cycle(30);
    const border = values.toSorted((x, y) => y - x)[24] as number;
    const wrong = values.filter((value, index) => {
      const rank = cycles.of(plainId(index)).rankOf('cores', 30_000) ?? -1;
      return rank >= 0.9 !== value >= border;
    });
    assert.ok(wrong.length < 8, `${wrong.length} of 250 are wrong`);
  });

  it('nobody works on an attribute that nobody asks for', () => {
    const cycles = ranked(10, (index) => index);
    cycles.cycle(5);
    assert.equal(cycles.messages, 0);
    cycles.of(plainId(0)).rankOf('cores', 5000);
    cycles.cycle(700);
    const before = cycles.messages;
    assert.ok(before > 0);
    cycles.cycle(50);
    assert.equal(cycles.messages, before, 'a wish lives ten minutes after it was last uttered');
  });
});
