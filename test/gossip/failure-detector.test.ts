import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedCloud } from './simulated-cloud.ts';
import type { MemberView } from '../../src/gossip/membership.ts';
import type { SimulatedPeer } from './simulated-cloud.ts';

function settled(size: number, seed: string): SimulatedCloud {
  const cloud = new SimulatedCloud(seed);
  cloud.add(size);
  cloud.run(8000);
  for (const peer of cloud.peers) assert.equal(living(peer), size);
  return cloud;
}

const living = (peer: SimulatedPeer): number =>
  peer.stack.membership.all().filter(({ state }) => state === 'alive').length;

const stateAt = (observer: SimulatedPeer, of: SimulatedPeer): string | undefined =>
  observer.stack.membership.get(of.id)?.state;

const everybodySays = (cloud: SimulatedCloud, of: SimulatedPeer, state: string) => (): boolean =>
  cloud.running.every((peer) => peer === of || stateAt(peer, of) === state);

/** Running peers that somebody running believes dead. */
function falseDeaths(cloud: SimulatedCloud): number {
  const { running } = cloud;
  return running.filter((of) => running.some((peer) => stateAt(peer, of) === 'dead')).length;
}

function peerAt(cloud: SimulatedCloud, index: number): SimulatedPeer {
  const peer = cloud.peers[index];
  assert.ok(peer !== undefined);
  return peer;
}

describe('failure detector', () => {
  it('a refused redial is death at once, known to all within a second, as a reset', () => {
    const cloud = settled(32, 'refused');
    const victim = peerAt(cloud, 7);
    cloud.kill(victim);
    const took = cloud.runUntil(everybodySays(cloud, victim, 'dead'), 5000);
    assert.ok(took !== undefined && took <= 1000, `took ${took} ms`);
    for (const peer of cloud.running) {
      assert.equal(peer.stack.membership.get(victim.id)?.reset, true);
    }
  });

  it('a silent machine is dead to all within six seconds', () => {
    for (const seed of ['silent 1', 'silent 2']) {
      const cloud = settled(32, seed);
      const victim = peerAt(cloud, 11);
      cloud.silence(victim);
      const took = cloud.runUntil(everybodySays(cloud, victim, 'dead'), 10_000);
      assert.ok(took !== undefined && took <= 6000, `${seed}: took ${took} ms`);
      assert.equal(cloud.running[0]?.stack.membership.get(victim.id)?.reset, false);
      assert.equal(falseDeaths(cloud), 0);
    }
  });

  it('half of 32 fall silent at once and are dead to all survivors, who stay alive to each other', () => {
    const cloud = settled(32, 'half silent');
    const victims = cloud.peers.filter(({ index }) => index % 2 === 0);
    for (const victim of victims) cloud.silence(victim);
    const areDead = (): boolean =>
      victims.every((victim) => everybodySays(cloud, victim, 'dead')());
    const took = cloud.runUntil(areDead, 20_000);
    assert.ok(took !== undefined && took <= 12_000, `took ${took} ms`);
    assert.equal(falseDeaths(cloud), 0);
  });

  it('two peers alone detect each other’s silence', () => {
    const cloud = settled(2, 'two');
    cloud.silence(peerAt(cloud, 1));
    const took = cloud.runUntil(everybodySays(cloud, peerAt(cloud, 1), 'dead'), 8000);
    assert.ok(took !== undefined);
  });

  it('nobody dies of 20 % message loss within a minute', () => {
    const cloud = settled(16, 'loss');
    cloud.loss = 0.2;
    cloud.run(60_000);
    assert.equal(falseDeaths(cloud), 0);
  });

  it('a machine that stalls for three seconds declares nobody dead, and is not declared dead', () => {
    const cloud = settled(16, 'stall');
    const sleeper = peerAt(cloud, 3);
    const deaths: MemberView[] = [];
    for (const peer of cloud.peers) {
      peer.stack.onMembershipChange((view) => {
        if (view.state === 'dead') deaths.push(view);
      });
    }
    for (let i = 0; i < 5; i++) {
      cloud.stall(sleeper, 1500);
      cloud.run(6000);
    }
    assert.deepEqual(deaths, []);
    assert.ok(sleeper.stack.counters().stalls >= 3, 'the stall was noticed');
    assert.equal(living(sleeper), 16);
  });

  it('a false death is refuted within the same boot', () => {
    const cloud = settled(8, 'refute');
    const accused = peerAt(cloud, 2);
    const accuser = peerAt(cloud, 5);
    accuser.stack.linkLost(accused.id, 'refused', cloud.nowMs);
    assert.equal(stateAt(accuser, accused), 'dead');
    cloud.flush(accuser);
    cloud.run(3000);
    for (const peer of cloud.peers) {
      const view = peer.stack.membership.get(accused.id);
      assert.equal(view?.state, 'alive');
      assert.equal(view.boot, 1);
      assert.ok(view.incarnation > 0);
    }
  });

  it('a daemon that announced its absence is away, not dead, until its time is up', () => {
    const cloud = settled(10, 'away');
    const leaver = peerAt(cloud, 4);
    leaver.stack.announceAway(20_000, cloud.nowMs);
    cloud.flush(leaver);
    cloud.run(50);
    cloud.kill(leaver);
    cloud.run(15_000);
    assert.ok(everybodySays(cloud, leaver, 'away')());
    const view = cloud.running[0]?.stack.membership.get(leaver.id);
    assert.ok((view?.awayUntilMs ?? 0) > cloud.nowMs);
    cloud.run(8000);
    assert.ok(everybodySays(cloud, leaver, 'dead')());
    assert.equal(cloud.running[0]?.stack.membership.get(leaver.id)?.reset, false);
  });

  it('who comes back in a higher boot is alive, whether it was away or dead', () => {
    const cloud = settled(10, 'boot');
    const [away, dead] = [peerAt(cloud, 4), peerAt(cloud, 6)];
    away.stack.announceAway(30_000, cloud.nowMs);
    cloud.flush(away);
    cloud.run(50);
    cloud.kill(away);
    cloud.kill(dead);
    cloud.run(1000);
    cloud.startPeer(away, [0]);
    cloud.startPeer(dead, [0]);
    cloud.run(4000);
    for (const peer of cloud.peers) {
      assert.equal(living(peer), 10);
      assert.equal(peer.stack.membership.get(away.id)?.boot, 2);
      assert.equal(peer.stack.membership.get(dead.id)?.boot, 2);
    }
  });

  it('the dead are forgotten after ten minutes', () => {
    const cloud = settled(4, 'forget');
    const victim = peerAt(cloud, 3);
    cloud.kill(victim);
    cloud.run(590_000);
    assert.ok(everybodySays(cloud, victim, 'dead')());
    cloud.run(20_000);
    for (const peer of cloud.running) assert.equal(stateAt(peer, victim), undefined);
  });
});
