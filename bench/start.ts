import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, workOf } from '../test/e2e/local-cloud.ts';
import { figure, type Figure } from './figures.ts';
import type { MeasuredCloud } from './measured-cloud.ts';

const rounds = 20;

/** Apply → five places held → five instances Running, as the serving peer sees it. */
export async function start(measured: MeasuredCloud): Promise<readonly Figure[]> {
  const { peers, home } = measured.cloud;
  const abort = new AbortController();
  const held = new Map<string, number>();
  const running = new Map<string, number>();
  const observer = peers[0]!;
  await measured.watchSlices(observer, abort.signal, (_, object) => {
    const { name } = object.metadata;
    const { status } = object;
    if (status.heldMembers === 5 && !held.has(name)) held.set(name, performance.now());
    const started = status.members.filter(({ state }) => state === 'Running' || state === 'Ready');
    if (started.length === 5 && !running.has(name)) running.set(name, performance.now());
  });
  const toHeld: number[] = [];
  const toRunning: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `start-${round}`;
    const begin = performance.now();
    await measured.create(observer, name, {
      size: 5,
      template: { spec: { driver: 'process', command: ['sleep', 'infinity'] } },
    });
    await eventually(`${name} runs`, async () => (running.has(name) ? true : undefined));
    toHeld.push(held.get(name)! - begin);
    toRunning.push(running.get(name)! - begin);
    await measured.delete(observer, name);
    await eventually(`${name} is gone`, async () =>
      (await workOf(home, name)).length === 0 ? true : undefined,
    );
    await sleep(1000);
  }
  abort.abort();
  return [
    figure(toHeld, {
      measure: 'apply → five places held',
      unit: 'ms',
      bound: 2000,
      of: 'max',
      reference: 'simulated: 259 p50, 368 max',
    }),
    figure(toRunning, {
      measure: 'apply → five instances Running',
      unit: 'ms',
      bound: 2000,
      of: 'max',
      reference: 'k3s, Nomad: several seconds',
    }),
  ];
}
