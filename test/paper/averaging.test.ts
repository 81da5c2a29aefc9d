/**
 * M. Jelasity, A. Montresor, O. Babaoglu, "Gossip-based aggregation in large dynamic networks", ACM TOCS 23(3), 2005:
 * how fast averages converge, and how exactly. There 10^5 peers, here 500 to 2,000. Then what becomes of readings that
 * take shorter descriptions of it to the letter.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Aggregator } from '../../src/gossip/aggregation/aggregator.ts';
import { Averaging } from '../../src/gossip/aggregation/averaging.ts';
import { lanAveraging } from '../../src/gossip/aggregation/config.ts';
import { decodeAveraging } from '../../src/gossip/aggregation/message.ts';
import { PeerSampler } from '../../src/gossip/peer-sampling/peer-sampler.ts';
import { lanSampling } from '../../src/gossip/peer-sampling/config.ts';
import { PeerIdWire } from '../../src/gossip/peer-id-wire.ts';
import { drawOne, drawSome } from '../../src/lib/draw.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { Cycles, plainId } from '../gossip/cycles.ts';
import { deviation } from './view-graph.ts';
import type { GossipContext, Protocol } from '../../src/gossip/protocol.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { Random } from '../../src/lib/random.ts';

const config = { ...lanAveraging, epochMs: 1e9 };
const key = 0;

type Partner = (random: Random) => PeerId | undefined;

function averagingOf(self: PeerId, value: number, partner: Partner): Averaging {
  const quantities = {
    begin: () => [key],
    valueOf: () => value,
    keep: (keys: readonly number[]) => keys,
    tolerance: () => 0,
  };
  return new Averaging({ self, partner, quantities }, config);
}

/** Anybody: the complete graph. */
const anybodyOf =
  (size: number, self: number): Partner =>
  (random) => {
    const drawn = random.int(size - 1);
    return plainId(drawn < self ? drawn : drawn + 1);
  };

/** A link that fails before an exchange begins, as the paper has it: the sender knows, nothing was exchanged. */
class FailingLinks implements Protocol {
  readonly inner: Averaging;
  readonly #failures: number;

  constructor(inner: Averaging, failures: number) {
    this.inner = inner;
    this.#failures = failures;
  }

  cycle(context: GossipContext): void {
    const failed: PeerId[] = [];
    const send = (to: PeerId, message: Uint8Array): void => {
      if (context.random.next() < this.#failures) failed.push(to);
      else context.send(to, message);
    };
    this.inner.cycle({ nowMs: context.nowMs, random: context.random, send });
    for (const peer of failed) this.inner.unreachable(peer, context);
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    this.inner.receive(from, message, context);
  }

  unreachable(peer: PeerId, context: GossipContext): void {
    this.inner.unreachable(peer, context);
  }
}

const estimates = (all: readonly Averaging[]): number[] =>
  all.map((averaging) => averaging.estimate(key) ?? NaN);

/** The variance's mean factor a cycle between the second cycle and the last. */
function factor(cycles: Cycles<Protocol>, all: readonly Averaging[], count: number): number {
  cycles.cycle(2);
  const before = deviation(estimates(all)) ** 2;
  cycles.cycle(count);
  return (deviation(estimates(all)) ** 2 / before) ** (1 / count);
}

function factorWith(size: number, failures: number, count: number): number {
  const cycles = new Cycles<FailingLinks>(`failures ${failures}`);
  const all = Array.from({ length: size }, (_, index) => {
    const averaging = averagingOf(plainId(index), cycles.random.next(), anybodyOf(size, index));
    cycles.add(plainId(index), new FailingLinks(averaging, failures));
    return averaging;
  });
  return factor(cycles, all, count);
}

/** Averages over the views of a running sampler; both protocols share each peer's cycle. */
function overSampling(size: number): { cycles: Cycles<Protocol>; all: readonly Averaging[] } {
  const cycles = new Cycles<Protocol>('newscast');
  const wire = new PeerIdWire();
  const everybody = Array.from({ length: size }, (_, index) => plainId(index));
  const tagged = (context: GossipContext, tag: number): GossipContext => ({
    nowMs: context.nowMs,
    random: context.random,
    send: (to, message) => context.send(to, Uint8Array.of(tag, ...message)),
  });
  const all = everybody.map((self, index) => {
    const sampler = new PeerSampler({ self, addresses: () => [], wire }, lanSampling);
    const contacts = drawSome(everybody, 30, cycles.random);
    sampler.add(
      contacts.map((peer) => ({ peer, addresses: [] })),
      cycles.random,
    );
    const partner: Partner = (random) => drawOne(sampler.peers(), random);
    const averaging = averagingOf(self, index === 0 ? 1 : 0, partner);
    const protocols = [sampler, averaging] as const;
    cycles.add(self, {
      cycle: (context) => {
        for (const [tag, protocol] of protocols.entries()) protocol.cycle(tagged(context, tag));
      },
      receive: (from, message, context) => {
        const tag = message[0] ?? 0;
        protocols[tag]?.receive(from, message.subarray(1), tagged(context, tag));
      },
      unreachable: () => undefined,
    });
    return averaging;
  });
  return { cycles, all };
}

describe('averaging', () => {
  it('G1: among all peers the variance falls by 1 / (2 sqrt e) a cycle', (t) => {
    const found = factorWith(2000, 0, 12);
    t.diagnostic(`factor ${found.toFixed(4)}; reference 0.3031, theory 0.3033`);
    assert.ok(Math.abs(found - 0.3033) <= 0.002);
  });

  it('G2: over peer sampling it falls by 0.32 a cycle, and after 30 the size is exact to 0.02 %', (t) => {
    const { cycles, all } = overSampling(500);
    const found = factor(cycles, all, 20);
    cycles.cycle(8);
    const worst = Math.max(...estimates(all).map((share) => Math.abs(1 / share - 500) / 500));
    t.diagnostic(
      `factor ${found.toFixed(4)}, worst peer ${worst.toExponential(1)}; reference 0.317`,
    );
    assert.ok(found <= 0.32);
    assert.ok(worst <= 0.0002);
  });

  for (const { failures, count, reference } of [
    { failures: 0.5, count: 15, reference: 0.598 },
    { failures: 0.9, count: 30, reference: 0.908 },
  ]) {
    it(`G3: links that fail with probability ${failures} slow it down and do no more`, (t) => {
      // A peer's exchanges in a cycle: one begun, about one taken part in, each if its link works.
      const works = 1 - failures;
      const theory = (1 - works / 2) * Math.exp(-works / 2);
      const found = factorWith(2000, failures, count);
      t.diagnostic(
        `factor ${found.toFixed(4)}; theory ${theory.toFixed(4)}, reference ${reference}`,
      );
      assert.ok(Math.abs(found - theory) <= 0.012);
      assert.ok(found <= Math.exp(failures - 1) + 0.01, 'the paper’s bound');
    });
  }
});

describe('readings of averaging to the letter', () => {
  const size = 200;
  const sizeErrors = (shares: readonly number[]): number[] =>
    shares.map((share) => Math.abs(1 / share - size) / size);

  it('where only the receiver updates, peers count anything but their number; here they count it', (t) => {
    const random = new SeededRandom('receiver only');
    const errors = [0, 1, 2, 3].map(() => {
      const shares = Array.from({ length: size }, (_, index): number => (index === 0 ? 1 : 0));
      for (let message = 0; message < 40 * size; message++) {
        const [from, to] = [random.int(size), random.int(size)];
        shares[to] = ((shares[to] ?? 0) + (shares[from] ?? 0)) / 2;
      }
      return sizeErrors(shares)[0] ?? 0;
    });
    const { cycles, all } = overSampling(size);
    cycles.cycle(30);
    const ours = Math.max(...sizeErrors(estimates(all)));
    t.diagnostic(`errors ${errors.map((error) => error.toFixed(2)).join(', ')}; ours ${ours}`);
    assert.ok(Math.max(...errors) > 0.5);
    assert.ok(ours <= 0.0002);
  });

  it('where one peer holds the 1 and dies, the count is lost; here others lead as well', (t) => {
    const random = new SeededRandom('leader');
    const shares = Array.from({ length: size }, (_, index): number => (index === 0 ? 1 : 0));
    for (let cycle = 0; cycle < 30; cycle++) {
      for (let one = 1; one < size; one++) {
        const other = 1 + random.int(size - 1);
        const mean = ((shares[one] ?? 0) + (shares[other] ?? 0)) / 2;
        shares[one] = mean;
        shares[other] = mean;
      }
    }
    assert.equal(shares[1], 0, 'it died before it spoke: 1 / 0 peers');

    const cycles = new Cycles<Protocol>('leaders');
    const all = new Map<PeerId, Aggregator>();
    /** Who first spoke of a count in the second epoch began it. */
    const leaders = new Map<number, PeerId>();
    for (let index = 0; index < 60; index++) {
      const self = plainId(index);
      const values = (): { load: number; free: boolean } => ({ load: 1, free: true });
      const partner: Partner = (draw) =>
        drawOne(
          cycles.living.filter((peer) => peer !== self),
          draw,
        );
      const aggregator = new Aggregator({ self, boot: 1, partner, values }, lanAveraging);
      const noting = (context: GossipContext): GossipContext => ({
        nowMs: context.nowMs,
        random: context.random,
        send: (to, message) => {
          const decoded = decodeAveraging(message);
          for (const item of decoded?.epoch === 2 ? decoded.items : []) {
            if (item.key >= 16 && !leaders.has(item.key)) leaders.set(item.key, self);
          }
          context.send(to, message);
        },
      });
      cycles.add(self, {
        cycle: (context) => aggregator.cycle(noting(context)),
        receive: (from, message, context) => aggregator.receive(from, message, noting(context)),
        unreachable: (peer, context) => aggregator.unreachable(peer, context),
      });
      all.set(self, aggregator);
    }
    cycles.cycleUntil(() => leaders.size > 0, 60);
    cycles.cycle();
    const began = [...new Set(leaders.values())];
    const dead = began.slice(0, Math.ceil(began.length / 2));
    for (const peer of dead) cycles.kill(peer);
    cycles.cycle(2);
    for (const peer of cycles.living) for (const gone of dead) all.get(peer)?.forget(gone, 1);
    cycles.cycle(22);
    const living = 60 - dead.length;
    const sizes = cycles.living.map((peer) => all.get(peer)?.aggregates.size ?? NaN);
    t.diagnostic(
      `${dead.length} of ${began.length} leaders died; ${living} live, counted ${Math.min(...sizes)} to ${Math.max(...sizes)}`,
    );
    assert.ok(dead.length >= 1);
    for (const counted of sizes) assert.equal(counted, living);
  });

  it('where exchanges of one peer overlap, the sum is not kept; here it is', (t) => {
    const random = new SeededRandom('overlap');
    const count = 40;
    const shares = Array.from({ length: count }, (_, index): number => (index === 0 ? 1 : 0));
    const other = (self: number): number => (self + 1 + random.int(count - 1)) % count;
    const share = (index: number): number => shares[index] ?? 0;
    const average = (index: number, received: number): void => {
      shares[index] = (share(index) + received) / 2;
    };
    /** What is under way; any of it may arrive next. */
    const wires: (() => void)[] = [];
    const arrive = (): void => wires.splice(random.int(wires.length), 1)[0]?.();
    const ask = (from: number): void => {
      const [to, sent] = [other(from), share(from)];
      wires.push(() => {
        const answer = share(to);
        wires.push(() => average(from, answer));
        average(to, sent);
      });
    };
    const run = (begin: (index: number) => void): void => {
      for (let round = 0; round < 30; round++) {
        for (let index = 0; index < count; index++) begin(index);
        while (wires.length > count) arrive();
      }
      while (wires.length > 0) arrive();
    };
    run(ask);
    const literal = shares.reduce((sum, value) => sum + value, 0);

    const all: Averaging[] = [];
    const contextOf = (self: number): GossipContext => ({
      nowMs: 0,
      random,
      send: (to, message) => {
        const at = Number(to.slice(1));
        wires.push(() => all[at]?.receive(plainId(self), message, contextOf(at)));
      },
    });
    for (let index = 0; index < count; index++) {
      const partner: Partner = () => plainId(other(index));
      all.push(averagingOf(plainId(index), index === 0 ? 1 : 0, partner));
    }
    run((index) => all[index]?.cycle(contextOf(index)));
    const ours = estimates(all).reduce((sum, value) => sum + value, 0);
    t.diagnostic(
      `the sum was 1; to the letter it became ${literal.toFixed(3)}, here ${ours.toFixed(6)}`,
    );
    assert.ok(Math.abs(literal - 1) > 0.05);
    assert.ok(Math.abs(ours - 1) <= 0.01);
  });
});
