import { readFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Whether one can listen there now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

const widthMax = 12_000;
const attemptsMax = 2_000;

/**
 * The ports just below those that the kernel gives to outgoing connections: a port from among the latter may be
 * somebody's connection at the moment when a daemon wants it back after a restart.
 */
function quietRange(): readonly [number, number] {
  let first = 32_768;
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    first = Number(range.split(/\s+/)[0]) || first;
  } catch {
    // Not Linux: what Linux has by default leaves room elsewhere too.
  }
  return [Math.max(10_000, first - widthMax), Math.max(22_000, first)];
}

/** Finds `count` different free ports that are not in `taken`. Throws when the machine has none left. */
export async function findFreePorts(
  host: string,
  count: number,
  taken: ReadonlySet<number>,
): Promise<readonly number[]> {
  const [from, to] = quietRange();
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt++) {
    if (attempt > attemptsMax)
      throw new Error(`no ${count} free ports on ${host} from ${from} to ${to}`);
    const port = randomInt(from, to);
    if (!taken.has(port) && !found.has(port) && (await isPortFree(host, port))) found.add(port);
  }
  return [...found];
}
