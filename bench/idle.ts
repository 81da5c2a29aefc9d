import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../src/objects/json.ts';
import { figure, type Figure } from './figures.ts';
import type { MeasuredCloud } from './measured-cloud.ts';

const settleMs = 20_000;
const windowMs = 30_000;
/** Kernel clock ticks a second; fixed on Linux. */
const ticksPerSecond = 100;

interface Reading {
  readonly cpuTicks: number;
  readonly bytes: number;
  readonly rssMb: number;
}

/** What a peer costs when nothing happens: bytes in and out, memory, CPU; one sample a peer. */
export async function idle(measured: MeasuredCloud): Promise<readonly Figure[]> {
  const { peers } = measured.cloud;
  await sleep(settleMs);
  const before = await Promise.all(peers.map((peer) => read(measured, peer)));
  const start = performance.now();
  await sleep(windowMs);
  const seconds = (performance.now() - start) / 1000;
  const after = await Promise.all(peers.map((peer) => read(measured, peer)));
  const bytes = after.map((reading, index) => (reading.bytes - before[index]!.bytes) / seconds);
  const cpu = after.map(
    (reading, index) =>
      ((reading.cpuTicks - before[index]!.cpuTicks) / ticksPerSecond / seconds) * 100,
  );
  return [
    figure(bytes, {
      measure: `idle traffic of a peer, in + out, ${peers.length} peers`,
      unit: 'bytes/s',
      bound: 2000,
      of: 'max',
      reference: 'EdgeVPN 40,000',
    }),
    figure(
      after.map(({ rssMb }) => rssMb),
      { measure: 'resident memory of a peer', unit: 'MB', bound: 100, of: 'max', reference: '-' },
    ),
    figure(cpu, {
      measure: 'idle CPU of a peer',
      unit: '% of a core',
      bound: 1,
      of: 'max',
      reference: 'k3s 20-30',
    }),
  ];
}

async function read(measured: MeasuredCloud, peer: string): Promise<Reading> {
  const pid = measured.cloud.pid(peer);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const info = await measured.query(peer, 'info');
  const network = info['network'] as JsonObject;
  return {
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    bytes: Number(network['bytesIn']) + Number(network['bytesOut']),
    rssMb: Number(rss) / 1024,
  };
}
