import { createServer, type Server } from 'node:net';

/** Listens on all addresses, so that the port is free on each; 0 lets the kernel choose. */
async function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, exclusive: true }, () => resolve(server));
  });
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/**
 * A free TCP port for each name: the wished one while it is free (an instance keeps its ports over restarts), else the
 * kernel's choice. All are held until all are found, so they differ. They are released before the command can bind
 * them, so somebody else may be faster; then the command fails, and its restart gets another one.
 *
 * @param taken ports that other instances here were given and may not have bound yet
 */
export async function allocatePorts(
  names: readonly string[],
  wished: Readonly<Record<string, number>>,
  taken: ReadonlySet<number>,
): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  const held: Server[] = [];
  try {
    for (const name of names) {
      const wish = wished[name];
      let server = wish === undefined ? undefined : await listen(wish).catch(() => undefined);
      while (server === undefined) {
        const candidate = await listen(0);
        held.push(candidate);
        if (!taken.has(portOf(candidate))) server = candidate;
      }
      held.push(server);
      ports[name] = portOf(server);
    }
  } finally {
    await Promise.all(Array.from(new Set(held), close));
  }
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
