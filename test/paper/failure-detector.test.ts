/**
 * A. Das, I. Gupta, A. Motivala, "SWIM: Scalable weakly-consistent infection-style process group membership protocol",
 * DSN 2002: the first detection of a silent peer takes e / (e - 1) periods whatever their number; and how soon all know
 * of a death, beside the formula in Serf's convergence simulator. Whole gossip stacks, 16 to 64 of them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gossipPresets } from '../../src/gossip/config.ts';
import { SimulatedCloud } from '../gossip/simulated-cloud.ts';
import type { SimulatedPeer } from '../gossip/simulated-cloud.ts';

const { periodMs } = gossipPresets.lan.detector;

/** Mean periods from a peer's silence to the first suspicion of it, over `deaths` peers that fall silent in turn. */
function periodsToDetection(size: number, deaths: number): number {
  const cloud = new SimulatedCloud(`detection ${size}`);
  // Their periods shall not all begin at the same moment.
  for (let joined = 0; joined < size; joined++) {
    cloud.add(1);
    cloud.run((periodMs * 1.03) / size);
  }
  cloud.run(8000);
  let sumMs = 0;
  for (let death = 0; death < deaths; death++) {
    const victim = cloud.peers[1 + 3 * death] as SimulatedPeer;
    const isSuspected = (peer: SimulatedPeer): boolean =>
      peer !== victim && peer.stack.membership.get(victim.id)?.state !== 'alive';
    cloud.run(137 * (1 + death));
    cloud.silence(victim);
    sumMs += cloud.runUntil(() => cloud.running.some(isSuspected), 20_000) ?? Infinity;
    // Until its death is over and done with.
    cloud.run(6000);
  }
  return sumMs / deaths / periodMs;
}

/** Rounds until 99.99 % know, by the formula of Serf's simulator for a fanout of 3 without loss. */
function serfRounds(size: number): number {
  let rounds = 0;
  while (size / (1 + (size + 1) * Math.exp(-3 * 0.5 * rounds)) < 0.9999 * size) rounds++;
  return rounds;
}

/** Messages in a row until the last peer knows of a death that one neighbour saw: each takes `hopMs`. */
function hopsToAll(size: number): number {
  const hopMs = 50;
  const cloud = new SimulatedCloud(`broadcast ${size}`);
  // Through a tree of contacts: nobody is known to all.
  cloud.add(size, (index) => [index >> 1]);
  cloud.run(8000);
  cloud.latencyMs = [hopMs, hopMs];
  cloud.run(500);
  const victim = cloud.peers[size >> 1] as SimulatedPeer;
  const isKnownTo = (peer: SimulatedPeer): boolean =>
    peer.stack.membership.get(victim.id)?.state === 'dead';
  const observer = [...victim.links].at(-1);
  assert.ok(observer !== undefined);
  cloud.silence(victim);
  observer.stack.linkLost(victim.id, 'refused', cloud.nowMs);
  cloud.flush(observer);
  return (
    (cloud.runUntil(() => cloud.running.every((one) => one === victim || isKnownTo(one)), 10_000) ??
      Infinity) / hopMs
  );
}

describe('failure detector', () => {
  it('F1: a silent peer is suspected after at most 1.58 periods in the mean, whatever their number', (t) => {
    const [few, many] = [periodsToDetection(16, 5), periodsToDetection(48, 5)];
    t.diagnostic(
      `periods: ${few.toFixed(2)} of 16 peers, ${many.toFixed(2)} of 48; reference 1.58`,
    );
    assert.ok(few <= 1.58 * 1.05 && many <= 1.58 * 1.05);
  });

  it('B1: news of a death is with all in no more hops than Serf’s formula has rounds', (t) => {
    const rows = [16, 64].map((size) => ({
      size,
      hops: hopsToAll(size),
      rounds: serfRounds(size),
    }));
    for (const { size, hops, rounds } of rows) {
      t.diagnostic(`${size} peers: ${hops} hops; reference ${rounds} rounds of 200 ms`);
    }
    for (const { hops, rounds } of rows) assert.ok(hops <= rounds);
  });
});
