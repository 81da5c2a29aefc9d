import { statfs } from 'node:fs/promises';
import { availableParallelism, loadavg, totalmem, uptime } from 'node:os';
import { createHash } from 'node:crypto';

/** What a machine publishes about itself, as quantities. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Reads the machine: cores, cpuScore (SHA-256 of 64 KiB blocks a second on one core, in units of 100), memory,
 * disk (free bytes where the daemon keeps its data), uptime (seconds, in hours' steps) and load (runnable tasks a
 * core). Values are rounded so that an idle machine publishes nothing new.
 * @param cpuScore measured once a start by `measureCpuScore`
 */
export async function readAttributes(dataDirectory: string, cpuScore: number): Promise<Attributes> {
  const disk = await statfs(dataDirectory);
  const freeBytes = disk.bavail * disk.bsize;
  const gibi = 2 ** 30;
  return {
    cores: String(availableParallelism()),
    cpuScore: String(cpuScore),
    memory: `${Math.floor(totalmem() / 2 ** 20)}Mi`,
    disk: `${Math.floor(freeBytes / gibi / 10) * 10}Gi`,
    uptime: String(Math.floor(uptime() / 3600) * 3600),
    load: loadPerCore().toFixed(1),
  };
}

/** Runnable tasks a core, averaged over a minute. */
export function loadPerCore(): number {
  return (loadavg()[0] ?? 0) / availableParallelism();
}

/** Best of five bursts of about 2 ms, so that a busy neighbour counts little. */
export function measureCpuScore(): number {
  const block = new Uint8Array(65_536);
  let best = 0;
  for (let burst = 0; burst < 5; burst += 1) {
    const start = process.hrtime.bigint();
    let blocks = 0;
    let elapsedNs = 0;
    while (elapsedNs < 2_000_000) {
      createHash('sha256').update(block).digest();
      blocks += 1;
      elapsedNs = Number(process.hrtime.bigint() - start);
    }
    best = Math.max(best, (blocks / elapsedNs) * 1e9);
  }
  return Math.round(best / 100);
}
