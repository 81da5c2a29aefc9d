import { setTimeout as sleep } from 'node:timers/promises';
import { figure, type Figure } from './figures.ts';
import type { MeasuredCloud } from './measured-cloud.ts';

const rounds = 50;

/** Apply on one peer → seen by a watch on each peer: one sample a peer and round, one a round for the last peer. */
export async function spread(measured: MeasuredCloud): Promise<readonly Figure[]> {
  const { peers } = measured.cloud;
  const abort = new AbortController();
  const seen = new Map<string, Map<string, number>>();
  for (const peer of peers) {
    await measured.watchSlices(peer, abort.signal, (type, object) => {
      if (type === 'ADDED') seen.get(object.metadata.name)?.set(peer, performance.now());
    });
  }
  await sleep(500);
  const each: number[] = [];
  const last: number[] = [];
  const acknowledged: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `spread-${round}`;
    const at = new Map<string, number>();
    seen.set(name, at);
    const origin = peers[round % peers.length]!;
    const start = performance.now();
    await measured.create(origin, name, { size: 0 });
    acknowledged.push(performance.now() - start);
    const deadline = start + 30_000;
    while (at.size < peers.length && performance.now() < deadline) await sleep(2);
    if (at.size < peers.length)
      throw new Error(`${name} reached ${at.size} of ${peers.length} peers in 30 s`);
    const delays = [...at.values()].map((time) => time - start);
    each.push(...delays);
    last.push(Math.max(...delays));
    await measured.delete(origin, name);
  }
  abort.abort();
  const reference = 'elsewhere "seconds"';
  return [
    figure(acknowledged, {
      measure: 'apply → acknowledged (fsynced on two peers)',
      unit: 'ms',
      bound: 1000,
      of: 'max',
      reference: '-',
    }),
    figure(each, {
      measure: 'apply → seen on a peer',
      unit: 'ms',
      bound: 1000,
      of: 'p99',
      reference,
    }),
    figure(last, {
      measure: 'apply → seen on every peer',
      unit: 'ms',
      bound: 1000,
      of: 'max',
      reference,
    }),
  ];
}
