import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newCloud, seeds, template } from './scenarios.ts';

test('a percent slice has its share of the living, and follows the population after half a minute', () => {
  for (const seed of seeds(8)) {
    const cloud = newCloud({ seed, peers: 20, loss: 0.05 });
    const uid = cloud.apply(cloud.peer(0), { percent: 25, template });
    cloud.run(2000);
    assert.ok(cloud.exact(uid, 5), `seed ${seed}: ${cloud.held(uid).length}`);

    const gone = cloud.up.filter((peer) => !cloud.held(uid).includes(peer)).slice(0, 8);
    for (const peer of gone) cloud.kill(peer);
    cloud.run(25_000);
    assert.ok(cloud.exact(uid, 5), 'not yet');
    cloud.run(12_000);
    assert.ok(cloud.exact(uid, 3), `seed ${seed}: 25 % of 12, not ${cloud.held(uid).length}`);

    for (const peer of gone) cloud.restart(peer);
    cloud.run(20_000);
    assert.ok(cloud.exact(uid, 3), 'not yet back');
    cloud.run(20_000);
    assert.ok(cloud.exact(uid, 5), `seed ${seed}: back to ${cloud.held(uid).length}`);
    const { claimWrites } = cloud;
    cloud.run(120_000);
    assert.equal(cloud.claimWrites, claimWrites, 'quiet');
  }
});

test('a short absence changes nothing', () => {
  const cloud = newCloud({ seed: 3, peers: 20 });
  const uid = cloud.apply(cloud.peer(0), { percent: 25, template });
  cloud.run(2000);
  const gone = cloud.up.filter((peer) => !cloud.held(uid).includes(peer)).slice(0, 8);
  for (const peer of gone) cloud.kill(peer);
  cloud.run(15_000);
  for (const peer of gone) cloud.restart(peer);
  const { stops } = cloud;
  cloud.run(60_000);
  assert.ok(cloud.exact(uid, 5));
  assert.equal(cloud.stops, stops);
});

test('when the member that published the population dies, the next keeps what it published', () => {
  for (const seed of seeds(8)) {
    const cloud = newCloud({ seed, peers: 20 });
    const uid = cloud.apply(cloud.peer(0), { percent: 25, template });
    cloud.run(2000);
    for (const peer of cloud.up.filter((each) => !cloud.held(uid).includes(each)).slice(0, 8)) {
      cloud.kill(peer);
    }
    cloud.run(40_000);
    assert.ok(cloud.exact(uid, 3));
    const first = cloud
      .held(uid)
      .toSorted((a, b) => a.ownClaim(uid)!.seniority - b.ownClaim(uid)!.seniority)[0]!;
    cloud.kill(first);
    cloud.run(5000);
    assert.ok(cloud.exact(uid, 3), `seed ${seed}: ${cloud.held(uid).length}`);
  }
});

test('a slice that was sized by number takes its percentage from the population at once', () => {
  const cloud = newCloud({ seed: 9, peers: 20 });
  const uid = cloud.apply(cloud.peer(0), { size: 2, template }, 'x');
  cloud.run(2000);
  cloud.apply(cloud.peer(5), { percent: 50, template }, 'x');
  cloud.run(3000);
  assert.ok(cloud.exact(uid, 10), `${cloud.held(uid).length}`);
});
