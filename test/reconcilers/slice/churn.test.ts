// Kills, returns, partitions and changes of size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimulatedCloud } from './simulated-cloud.ts';
import type { Uid } from '../../../src/objects/ids.ts';
import { disorder, newCloud, quantile, seeds, template } from './scenarios.ts';

function filled(
  seed: number,
  peers: number,
  size: number,
  more: { readonly replaceAfter?: string } = {},
): { readonly cloud: SimulatedCloud; readonly uid: Uid } {
  const cloud = newCloud({ seed, peers, loss: 0.05 });
  const uid = cloud.apply(cloud.peer(0), { size, template, ...more });
  cloud.run(1500);
  assert.ok(cloud.exact(uid, size), `seed ${seed}`);
  return { cloud, uid };
}

function settles(cloud: SimulatedCloud, uid: Uid, size: number, limitMs: number): number {
  const ms = cloud.runUntil(() => cloud.exact(uid, size), limitMs);
  assert.ok(ms !== undefined, `${cloud.held(uid).length} of ${size} after ${limitMs} ms`);
  cloud.run(1500);
  assert.ok(cloud.exact(uid, size));
  assert.deepEqual(disorder(cloud), []);
  return ms;
}

test('the place of a killed daemon is kept for replaceAfter, then refilled', () => {
  for (const seed of seeds(30)) {
    const { cloud, uid } = filled(seed, 10, 5);
    const victim = cloud.held(uid)[seed % 5]!;
    cloud.kill(victim);
    cloud.run(1450);
    assert.equal(cloud.held(uid).length, 4, 'kept');
    const ms = settles(cloud, uid, 5, 2000);
    assert.ok(ms < 700, `${ms} ms after the place was given up`);
    assert.equal(cloud.overHeld, 0);
  }
});

test('replaceAfter 0s refills at once, and a silent death keeps no place', () => {
  const atOnce = seeds(30).map((seed) => {
    const { cloud, uid } = filled(seed, 10, 5, { replaceAfter: '0s' });
    cloud.kill(cloud.held(uid)[0]!);
    return settles(cloud, uid, 5, 3000);
  });
  assert.ok(quantile(atOnce, 0.5) < 400, `p50 ${quantile(atOnce, 0.5)}`);
  for (const seed of seeds(15)) {
    const { cloud, uid } = filled(seed, 10, 5, { replaceAfter: '1h' });
    cloud.kill(cloud.held(uid)[0]!, 'silent');
    assert.ok(settles(cloud, uid, 5, 8000) < 5000);
  }
});

test('a daemon that restarts in time keeps its place, its index and its work', () => {
  for (const seed of seeds(30)) {
    const { cloud, uid } = filled(seed, 10, 5);
    const victim = cloud.held(uid)[seed % 5]!;
    const index = victim.ownClaim(uid)?.index;
    cloud.kill(victim);
    cloud.run(cloud.between(50, 1300));
    cloud.restart(victim);
    settles(cloud, uid, 5, 4000);
    assert.equal(victim.ownClaim(uid)?.state, 'Held', `seed ${seed}`);
    assert.equal(victim.ownClaim(uid)?.index, index);
    assert.equal(cloud.stops, 0, 'nothing was stopped');
  }
});

test('a daemon that returns too late finds its place taken and stops its work', () => {
  for (const seed of seeds(30)) {
    const { cloud, uid } = filled(seed, 10, 5);
    const victim = cloud.held(uid)[seed % 5]!;
    cloud.kill(victim);
    cloud.run(3000);
    assert.equal(cloud.held(uid).length, 5);
    cloud.restart(victim);
    cloud.run(3000);
    settles(cloud, uid, 5, 1000);
    assert.notEqual(victim.ownClaim(uid)?.state, 'Held', `seed ${seed}`);
    assert.equal(victim.work.get(uid) ?? 'none', 'none');
    assert.equal(cloud.stops, 1, 'only the old work was stopped');
    assert.equal(cloud.overHeld, 0);
  }
});

test('a whole cloud that restarts at once keeps every place', () => {
  for (const seed of seeds(10)) {
    const { cloud, uid } = filled(seed, 10, 5);
    const before = cloud.held(uid);
    for (const peer of cloud.peers) cloud.kill(peer);
    cloud.run(500);
    for (const peer of cloud.peers) cloud.restart(peer);
    cloud.run(200);
    settles(cloud, uid, 5, 8000);
    assert.deepEqual(cloud.held(uid), before, `seed ${seed}`);
    assert.equal(cloud.stops, 0);
  }
});

test('an announced stop keeps the place until the announced time, at most a minute', () => {
  const { cloud, uid } = filled(1, 10, 5);
  const [victim] = cloud.held(uid);
  victim!.stopProcess();
  for (const other of cloud.up) cloud.at(10, () => other.believeAway(victim!, 3_600_000));
  cloud.run(59_000);
  assert.equal(cloud.held(uid).length, 4);
  cloud.run(2000);
  assert.equal(cloud.held(uid).length, 5);
});

test('half of 32 killed: survivors keep their work and the places are refilled', () => {
  const times = seeds(12).map((seed) => {
    const { cloud, uid } = filled(seed, 32, 8);
    const survivors = cloud.held(uid).filter(({ at }) => at % 2 !== seed % 2);
    for (const peer of cloud.up.filter(({ at }) => at % 2 === seed % 2)) cloud.kill(peer);
    const ms = settles(cloud, uid, 8, 8000);
    for (const peer of survivors) assert.equal(peer.ownClaim(uid)?.state, 'Held');
    assert.equal(cloud.stops, 0);
    return ms;
  });
  assert.ok(Math.max(...times) < 5000, `${Math.max(...times)} ms`);
});

test('half return after they were replaced: nothing runs twice, replacements stay', () => {
  for (const seed of seeds(12)) {
    const { cloud, uid } = filled(seed, 32, 8);
    const half = cloud.up.filter(({ at }) => at % 2 === seed % 2);
    for (const peer of half) cloud.kill(peer);
    cloud.run(6000);
    const replaced = cloud.held(uid);
    for (const peer of half) cloud.restart(peer);
    cloud.run(5000);
    settles(cloud, uid, 8, 1000);
    assert.deepEqual(cloud.held(uid), replaced, `seed ${seed}`);
    assert.equal(cloud.overHeld, 0, `seed ${seed}: ${cloud.trace.join()}`);
  }
});

test('half a cloud cut off runs both halves, then merges without undershoot or shared indexes', () => {
  for (const seed of seeds(12)) {
    const { cloud, uid } = filled(seed, 20, 5);
    const old = cloud.held(uid);
    cloud.partition([cloud.peers.slice(0, 10), cloud.peers.slice(10)]);
    cloud.run(8000);
    cloud.heal();
    for (let steps = 0; steps < 100; steps += 1) {
      cloud.run(50);
      assert.ok(cloud.held(uid).length >= 5, `seed ${seed} undershoots`);
    }
    settles(cloud, uid, 5, 1000);
    assert.deepEqual(cloud.held(uid), old, `seed ${seed}: the senior members stay`);
  }
});

test('a slice grows, and shrinks at once by its juniors, never below', () => {
  for (const seed of seeds(10)) {
    const { cloud, uid } = filled(seed, 16, 8);
    const members = cloud.held(uid);
    const bySeniority = members.toSorted(
      (a, b) => a.ownClaim(uid)!.seniority - b.ownClaim(uid)!.seniority || (a.id < b.id ? -1 : 1),
    );
    cloud.apply(cloud.peer(3), { size: 3, template }, '1');
    const ms = cloud.runUntil(() => {
      assert.ok(cloud.held(uid).length >= 3);
      return cloud.exact(uid, 3);
    }, 3000);
    assert.ok(ms !== undefined && ms < 1500, `seed ${seed}: ${ms} ms`);
    assert.deepEqual(new Set(cloud.held(uid)), new Set(bySeniority.slice(0, 3)), `seed ${seed}`);
    cloud.run(500);
    cloud.apply(cloud.peer(4), { size: 12, template }, '1');
    settles(cloud, uid, 12, 3000);
    assert.equal(cloud.overHeld, 0);
    cloud.apply(cloud.peer(4), { size: 0, template }, '1');
    settles(cloud, uid, 0, 3000);
  }
});

test('an excluded member leaves; with a smaller size the other four stay as they are', () => {
  for (const seed of seeds(20)) {
    const { cloud, uid } = filled(seed, 10, 5);
    const before = cloud.held(uid);
    const sent = before[seed % 5]!;
    cloud.apply(cloud.peer(1), { size: 4, exclude: [sent.name], template }, '1');
    settles(cloud, uid, 4, 3000);
    assert.deepEqual(
      cloud.held(uid),
      before.filter((peer) => peer !== sent),
      `seed ${seed}`,
    );
    assert.equal(cloud.stops, 1);
  }
});

test('an excluded member is replaced when the size stays', () => {
  const { cloud, uid } = filled(4, 10, 5);
  const sent = cloud.held(uid)[2]!;
  cloud.apply(cloud.peer(1), { size: 5, exclude: [sent.name], template }, '1');
  cloud.run(100);
  settles(cloud, uid, 5, 3000);
  assert.ok(!cloud.held(uid).includes(sent));
});

test('a deleted slice frees its peers, who then fill the next', () => {
  const { cloud, uid } = filled(5, 10, 8);
  const next = cloud.apply(cloud.peer(2), { size: 8, template });
  cloud.run(1500);
  assert.equal(cloud.held(next).length, 2);
  cloud.remove(cloud.peer(6), uid);
  settles(cloud, next, 8, 3000);
  for (const peer of cloud.peers) assert.equal(peer.work.get(uid) ?? 'none', 'none');
});

test('an edited template moves no member and is acknowledged by each claim', () => {
  const { cloud, uid } = filled(6, 10, 5);
  const before = cloud.held(uid);
  cloud.apply(cloud.peer(2), { size: 5, template: { spec: { command: ['other'] } } }, '1');
  cloud.run(1000);
  assert.deepEqual(cloud.held(uid), before);
  const hash = cloud.peer(2).slice(uid)?.view?.specHash;
  for (const peer of before) assert.equal(peer.ownClaim(uid)?.specHash, hash);
  assert.equal(cloud.stops, 0);
});

test('a quiet cloud writes no claim', () => {
  const { cloud } = filled(7, 16, 5);
  cloud.apply(cloud.peer(1), { size: 20, template });
  cloud.run(3000);
  const { claimWrites } = cloud;
  cloud.run(600_000);
  assert.equal(cloud.claimWrites, claimWrites);
});

test('an index never changes while a member stays, through kills and returns', () => {
  for (const seed of seeds(6)) {
    const { cloud, uid } = filled(seed, 12, 6);
    const indexes = new Map<string, number | undefined>();
    for (let round = 0; round < 8; round += 1) {
      const victim = cloud.up[cloud.random.int(cloud.up.length)]!;
      cloud.kill(victim);
      cloud.at(cloud.between(200, 4000), () => cloud.restart(victim));
      for (let steps = 0; steps < 50; steps += 1) {
        cloud.run(100);
        for (const peer of cloud.peers) {
          const claim = peer.up ? peer.ownClaim(uid) : undefined;
          const term = `${peer.name}/${peer.boot}`;
          if (claim?.state !== 'Held') indexes.delete(term);
          else if (!indexes.has(term)) indexes.set(term, claim.index);
          else assert.equal(claim.index, indexes.get(term), `seed ${seed} ${term}`);
        }
      }
    }
    settles(cloud, uid, 6, 5000);
  }
});
