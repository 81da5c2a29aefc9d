import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enterAll, isOneRing, SimulatedCloud } from './simulated-cloud.ts';
import type { SimulatedPeer } from './simulated-cloud.ts';

const uid = '0192f1c0-7a1e-7000-8000-000000000001';

function settled(size: number, seed: string): SimulatedCloud {
  const cloud = new SimulatedCloud(seed);
  cloud.add(size);
  cloud.run(8000);
  return cloud;
}

const countsTo = (cloud: SimulatedCloud, size: number) => (): boolean =>
  cloud.running.every(({ stack }) => stack.aggregates().size === size);

function slice(cloud: SimulatedCloud, size: number): SimulatedPeer[] {
  const members = cloud.peers.slice(0, size);
  enterAll(cloud, members, uid);
  return members;
}

describe('gossip stack', () => {
  for (const size of [1, 2, 5, 32]) {
    it(`a cloud of ${size} counts itself exactly within ten seconds of its start`, () => {
      const cloud = new SimulatedCloud(`count ${size}`);
      cloud.add(size);
      const took = cloud.runUntil(countsTo(cloud, size), 20_000);
      assert.ok(took !== undefined && took <= 10_000, `took ${took} ms`);
      for (const { stack } of cloud.peers) assert.equal(stack.aggregates().freePeers, size);
    });
  }

  it('the count follows a kill and a join', () => {
    const cloud = settled(12, 'follow');
    cloud.kill(cloud.peers[5] as SimulatedPeer);
    const down = cloud.runUntil(countsTo(cloud, 11), 40_000);
    assert.ok(down !== undefined && down <= 20_000, `kill: took ${down} ms`);
    cloud.add(2);
    const up = cloud.runUntil(countsTo(cloud, 13), 40_000);
    assert.ok(up !== undefined && up <= 20_000, `join: took ${up} ms`);
  });

  it('slices of 1, 2, 5 and 32 whose members know each other have one symmetric ring at once', () => {
    const cloud = settled(32, 'rings');
    for (const size of [1, 2, 5, 32]) {
      const members = cloud.peers.slice(0, size);
      enterAll(cloud, members, `slice-${size}`);
      const took = cloud.runUntil(() => isOneRing(members, `slice-${size}`), 1000);
      assert.ok(took !== undefined, `no ring of ${size}`);
    }
    const alone = cloud.peers[0] as SimulatedPeer;
    const ring = { predecessor: alone.id, successor: alone.id, view: [] };
    assert.deepEqual(alone.stack.ring('slice-1'), ring);
    assert.equal(alone.stack.ring('no such slice'), undefined);
  });

  it('rings differ from slice to slice', () => {
    const cloud = settled(12, 'differ');
    enterAll(cloud, cloud.peers, 'one');
    enterAll(cloud, cloud.peers, 'two');
    cloud.run(1000);
    const successors = (of: string): unknown[] =>
      cloud.peers.map(({ stack }) => stack.ring(of)?.successor);
    assert.notDeepEqual(successors('one'), successors('two'));
  });

  it('a killed member is out of the ring one hop of messages after its neighbours were refused', () => {
    const cloud = settled(10, 'closed');
    const members = slice(cloud, 5);
    cloud.run(1000);
    cloud.kill(members[2] as SimulatedPeer);
    const rest = members.filter((_, index) => index !== 2);
    const took = cloud.runUntil(() => isOneRing(rest, uid), 5000);
    assert.ok(took !== undefined && took <= 20, `took ${took} ms`);
  });

  it('a silent member is out of the ring within six seconds', () => {
    const cloud = settled(10, 'silent');
    const members = slice(cloud, 5);
    cloud.run(1000);
    cloud.silence(members[1] as SimulatedPeer);
    const rest = members.filter((_, index) => index !== 1);
    const took = cloud.runUntil(() => isOneRing(rest, uid), 10_000);
    assert.ok(took !== undefined && took <= 6000, `took ${took} ms`);
  });

  it('a member that announced its absence is out of the ring at once', () => {
    const cloud = settled(10, 'absent');
    const members = slice(cloud, 5);
    cloud.run(1000);
    const leaver = members[3] as SimulatedPeer;
    leaver.stack.announceAway(60_000, cloud.nowMs);
    cloud.flush(leaver);
    const rest = members.filter((member) => member !== leaver);
    const took = cloud.runUntil(() => isOneRing(rest, uid), 1000);
    assert.ok(took !== undefined && took <= 50, `took ${took} ms`);
  });

  it('who leaves a slice is out of its ring, and back in it when it enters again', () => {
    const cloud = settled(10, 'again');
    const members = slice(cloud, 5);
    cloud.run(1000);
    const leaver = members[0] as SimulatedPeer;
    leaver.stack.leaveOverlay(uid, cloud.nowMs);
    cloud.flush(leaver);
    const rest = members.slice(1);
    assert.ok(cloud.runUntil(() => isOneRing(rest, uid), 100) !== undefined);
    cloud.run(30_000);
    assert.ok(isOneRing(rest, uid));
    enterAll(cloud, [leaver], uid, () => rest);
    assert.ok(cloud.runUntil(() => isOneRing(members, uid), 1000) !== undefined);
  });

  it('a refill that knows one member only is in the ring within two seconds', () => {
    const cloud = settled(10, 'refill');
    const members = slice(cloud, 5);
    cloud.run(1000);
    cloud.kill(members[2] as SimulatedPeer);
    cloud.run(100);
    const joiner = cloud.peers[8] as SimulatedPeer;
    const rest = members.filter((_, index) => index !== 2);
    enterAll(cloud, [joiner], uid, () => rest.slice(0, 1));
    const took = cloud.runUntil(() => isOneRing([...rest, joiner], uid), 4000);
    assert.ok(took !== undefined && took <= 2000, `took ${took} ms`);
  });

  it('half of 32 are killed at once: ring, membership and size are right again', () => {
    const cloud = settled(32, 'half');
    const members = slice(cloud, 16);
    cloud.run(2000);
    const victims = cloud.peers.filter(({ index }) => index % 2 === 0);
    for (const victim of victims) cloud.kill(victim);
    const rest = members.filter(({ condition }) => condition === 'running');
    const ring = cloud.runUntil(() => isOneRing(rest, uid), 5000);
    assert.ok(ring !== undefined && ring <= 2000, `ring took ${ring} ms`);
    const size = cloud.runUntil(countsTo(cloud, 16), 60_000);
    assert.ok(size !== undefined, 'the size was never right');
  });

  it('the halves of a two-minute partition are one cloud again, and the slice one ring', () => {
    const cloud = settled(16, 'partition');
    const members = slice(cloud, 8);
    cloud.run(1000);
    cloud.partition(({ index }) => index % 2);
    cloud.run(120_000);
    const [even, odd] = [0, 1].map((group) => members.filter(({ index }) => index % 2 === group));
    assert.ok(isOneRing(even ?? [], uid) && isOneRing(odd ?? [], uid));
    cloud.partition(() => 0);
    const areOne = (): boolean =>
      cloud.peers.every(({ stack }) =>
        stack.membership.all().every(({ state }) => state === 'alive'),
      );
    const merged = cloud.runUntil(areOne, 180_000);
    assert.ok(merged !== undefined, 'never merged');
    assert.ok(cloud.runUntil(() => isOneRing(members, uid), 20_000) !== undefined, 'two rings');
  });

  it('wants at most 16 links, and ring neighbours want each other', () => {
    const cloud = settled(40, 'links');
    const members = slice(cloud, 6);
    cloud.run(2000);
    for (const peer of cloud.peers) {
      const wanted = peer.stack.wanted();
      assert.ok(wanted.length <= 16);
      assert.ok(!wanted.includes(peer.id));
    }
    for (const member of members) {
      const ring = member.stack.ring(uid);
      assert.ok(ring !== undefined);
      assert.ok(member.stack.wanted().includes(ring.successor));
      const next = cloud.byId(ring.successor);
      assert.ok(next.stack.wanted().includes(member.id));
    }
  });

  it('an idle peer of 32 sends and receives less than 2 kB a second', () => {
    const cloud = settled(32, 'idle');
    slice(cloud, 5);
    cloud.run(40_000);
    const before = cloud.peers.map(({ bytesIn, bytesOut }) => bytesIn + bytesOut);
    cloud.run(40_000);
    for (const { bytesIn, bytesOut, index } of cloud.peers) {
      const perSecond = (bytesIn + bytesOut - (before[index] ?? 0)) / 40;
      assert.ok(perSecond <= 2000, `peer ${index}: ${perSecond} bytes a second`);
    }
  });

  it('the rank of an attribute is known to all soon after anybody asked', () => {
    const cloud = settled(10, 'rank');
    const isKnown = (): boolean =>
      cloud.peers.every(({ index, stack }) => {
        const rank = stack.rank('cores');
        return rank !== undefined && Math.abs(rank - index / 10) < 0.01;
      });
    assert.ok(cloud.runUntil(isKnown, 20_000) !== undefined);
  });

  it('the same seed gives the same bytes; another seed gives others', () => {
    const trace = (seed: string): number => {
      const cloud = new SimulatedCloud(seed);
      cloud.loss = 0.1;
      cloud.add(8);
      cloud.run(4000);
      enterAll(cloud, cloud.peers.slice(0, 4), uid);
      cloud.kill(cloud.peers[2] as SimulatedPeer);
      cloud.run(4000);
      return cloud.trace;
    };
    const first = trace('a');
    assert.notEqual(first, 0);
    assert.equal(trace('a'), first);
    assert.notEqual(trace('b'), first);
  });
});
