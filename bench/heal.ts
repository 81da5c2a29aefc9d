import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventually,
  lives,
  type RingJson,
  ringProblem,
  type SliceJson,
} from '../test/e2e/local-cloud.ts';
import { figure, type Figure } from './figures.ts';
import type { MeasuredCloud } from './measured-cloud.ts';

const kills = 20;

/** SIGKILL of a member's daemon → ring closed without it → its place refilled, running and in the ring. */
export async function heal(measured: MeasuredCloud): Promise<readonly Figure[]> {
  const { cloud } = measured;
  const name = 'heal';
  await measured.create('node1', name, {
    size: 5,
    template: { spec: { driver: 'process', command: ['sleep', 'infinity'] } },
  });
  const closed: number[] = [];
  const refilled: number[] = [];
  for (let round = 0; round < kills; round += 1) {
    const before = await cloud.ready(name, 5);
    const members = before.status.members.map(({ peer }) => peer);
    await cloud.ringOf(name, members);
    await sleep(1000);
    const victim = members[round % 5]!;
    const observer = cloud.peers.find((peer) => peer !== victim && members.includes(peer))!;
    const survivors = members.filter((peer) => peer !== victim);
    const pid = cloud.pid(victim);
    const begin = performance.now();
    process.kill(pid, 'SIGKILL');
    let closedAt: number | undefined;
    await eventually(`round ${round} heals`, async () => {
      if (closedAt === undefined) {
        const ring = (await measured.query(observer, 'ring', {
          namespace: 'default',
          slice: name,
          live: 'true',
        })) as unknown as RingJson;
        const peers = ring.members.map(({ peer }) => peer).filter((peer) => peer !== victim);
        const around: RingJson = { members: ring.members.filter(({ peer }) => peer !== victim) };
        if (
          survivors.every((peer) => peers.includes(peer)) &&
          ringProblem(around, peers) === undefined
        ) {
          closedAt = performance.now();
        }
      }
      const slice = (await measured.slice(observer, name)) as unknown as SliceJson;
      const now = slice.status.members.map(({ peer }) => peer);
      const whole = slice.status.readyMembers === 5 && !now.includes(victim);
      return closedAt !== undefined && whole ? true : undefined;
    });
    closed.push(closedAt! - begin);
    refilled.push(performance.now() - begin);
    if (lives(pid)) throw new Error(`${victim} outlived SIGKILL`);
    await cloud.startNode(victim);
  }
  await measured.delete('node1', name);
  return [
    figure(closed, {
      measure: 'daemon killed → ring closed',
      unit: 'ms',
      bound: 2000,
      of: 'max',
      reference: 'Serf 9,000-10,000 to know (32 agents)',
    }),
    figure(refilled, {
      measure: 'daemon killed → place refilled and running',
      unit: 'ms',
      bound: 5000,
      of: 'max',
      reference: 'Nomad 20,000-30,000; Kubernetes 5-6 minutes',
    }),
  ];
}
