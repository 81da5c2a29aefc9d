// How places are filled: exactly, in time, with nobody in two slices. Numbers in ms are virtual.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disorder, newCloud, quantile, seeds, template } from './scenarios.ts';

for (const { peers, size, loss, runs, p50Ms, p99Ms } of [
  { peers: 10, size: 5, loss: 0, runs: 100, p50Ms: 360, p99Ms: 450 },
  { peers: 10, size: 5, loss: 0.05, runs: 100, p50Ms: 360, p99Ms: 500 },
  { peers: 10, size: 5, loss: 0.3, runs: 100, p50Ms: 400, p99Ms: 1500 },
  { peers: 32, size: 8, loss: 0, runs: 30, p50Ms: 360, p99Ms: 450 },
  { peers: 32, size: 8, loss: 0.05, runs: 30, p50Ms: 400, p99Ms: 500 },
  { peers: 32, size: 8, loss: 0.3, runs: 30, p50Ms: 450, p99Ms: 1500 },
]) {
  test(`a slice of ${size} on ${peers} peers fills exactly at ${loss * 100} % loss`, () => {
    const times = seeds(runs).map((seed) => {
      const cloud = newCloud({ seed, peers, loss });
      const uid = cloud.apply(cloud.peer(seed % peers), { size, template });
      const ms = cloud.runUntil(() => cloud.exact(uid, size), 5000);
      cloud.run(1000);
      assert.ok(ms !== undefined && cloud.exact(uid, size), `seed ${seed} is not exact`);
      assert.equal(cloud.overHeld, 0, `seed ${seed} held too many: ${cloud.trace.join()}`);
      assert.deepEqual(disorder(cloud), [], `seed ${seed}`);
      assert.ok(cloud.offers <= 2 * size + 8, `seed ${seed} made ${cloud.offers} Offers`);
      return ms;
    });
    assert.ok(quantile(times, 0.5) <= p50Ms, `p50 ${quantile(times, 0.5)} ms`);
    assert.ok(quantile(times, 0.99) <= p99Ms, `p99 ${quantile(times, 0.99)} ms`);
  });
}

test('two slices of six applied at once on ten peers use all ten and nobody twice', () => {
  for (const seed of seeds(100)) {
    const cloud = newCloud({ seed, peers: 10, loss: 0.05 });
    const a = cloud.apply(cloud.peer(seed % 10), { size: 6, template });
    const b = cloud.apply(cloud.peer((seed + 5) % 10), { size: 6, template });
    cloud.run(3000);
    const [heldA, heldB] = [cloud.held(a), cloud.held(b)];
    assert.equal(new Set([...heldA, ...heldB]).size, 10, `seed ${seed}: ten are used`);
    assert.equal(heldA.length + heldB.length, 10, `seed ${seed}: none twice`);
    assert.ok(Math.max(heldA.length, heldB.length) <= 6, `seed ${seed}: none too large`);
    assert.equal(cloud.overHeld, 0);
    assert.deepEqual(disorder(cloud), [], `seed ${seed}`);
  }
});

test('slices of five and five on ten peers are both whole', () => {
  for (const seed of seeds(50)) {
    const cloud = newCloud({ seed, peers: 10, loss: 0.05 });
    const a = cloud.apply(cloud.peer(2), { size: 5, template });
    const b = cloud.apply(cloud.peer(7), { size: 5, template });
    const ms = cloud.runUntil(() => cloud.exact(a, 5) && cloud.exact(b, 5), 4000);
    assert.notEqual(ms, undefined, `seed ${seed}: ${cloud.held(a).length}/${cloud.held(b).length}`);
  }
});

test('stalls and 30 % loss over-hold nothing', () => {
  for (const seed of seeds(30)) {
    const cloud = newCloud({ seed, peers: 16, loss: 0.3 });
    for (const peer of cloud.peers) {
      if (cloud.random.next() > 0.3) continue;
      const forMs = cloud.between(100, 800);
      cloud.at(cloud.between(0, 500), () => cloud.freeze(peer, forMs));
    }
    const uid = cloud.apply(cloud.peer(0), { size: 6, template });
    const ms = cloud.runUntil(() => cloud.exact(uid, 6), 8000);
    cloud.run(1000);
    assert.notEqual(ms, undefined, `seed ${seed}`);
    assert.equal(cloud.overHeld, 0, `seed ${seed}: ${cloud.trace.join()}`);
    assert.deepEqual(disorder(cloud), [], `seed ${seed}`);
  }
});

test('the best by rank are taken, not just any', () => {
  const attributes = (at: number): Record<string, string> => ({ cpuScore: String(at * 10) });
  const cloud = newCloud({ seed: 1, peers: 20, attributes });
  const rank = { by: [{ attribute: 'cpuScore' }] };
  const uid = cloud.apply(cloud.peer(0), { size: 4, rank, template });
  cloud.run(2000);
  const names = cloud.held(uid).map(({ at }) => at);
  assert.deepEqual(names, [16, 17, 18, 19]);
});

test('only those in topPercent join, and a cloud of too few stays short without noise', () => {
  const attributes = (at: number): Record<string, string> => ({ cpuScore: String(at) });
  const cloud = newCloud({ seed: 2, peers: 20, attributes });
  const rank = { by: [{ attribute: 'cpuScore' }], topPercent: 10 };
  const uid = cloud.apply(cloud.peer(0), { size: 5, rank, template });
  cloud.run(3000);
  assert.deepEqual(
    cloud.held(uid).map(({ at }) => at),
    [18, 19],
  );
  const { claimWrites } = cloud;
  cloud.run(60_000);
  assert.equal(cloud.claimWrites, claimWrites);
});

test('a peer whose owner refuses the slice never claims it, and the place goes to nobody else by force', () => {
  const policy = (owner: string, _driver: string | undefined, peer: string): string | undefined =>
    owner === 'bob' && ['node1', 'node2', 'node3'].includes(peer) ? 'refused' : undefined;
  const cloud = newCloud({ seed: 3, peers: 10, policy });
  const uid = cloud.apply(cloud.peer(0), { size: 10, template }, 'wide', 'bob');
  cloud.run(3000);
  assert.equal(cloud.held(uid).length, 7);
  for (const at of [0, 1, 2]) assert.deepEqual(cloud.peer(at).ownClaims(), []);
});

test('the same seed gives the same run', () => {
  const trace = (): string => {
    const cloud = newCloud({ seed: 'again', peers: 12, loss: 0.2 });
    const uid = cloud.apply(cloud.peer(0), { size: 5, template });
    cloud.run(1000);
    cloud.kill(cloud.held(uid)[0]!);
    cloud.run(4000);
    return JSON.stringify(cloud.peers.map((peer) => peer.records()));
  };
  assert.equal(trace(), trace());
});
