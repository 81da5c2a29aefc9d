import { TablePrinter } from '../output/table.ts';
import { formatBytes, parseQuantity } from '../../lib/quantity.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { readPeer } from '../peers.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Peer } from '../../objects/kinds/peer.ts';

const orders = ['load', 'cores', 'memory', 'name'] as const;

interface TopOptions {
  readonly sortBy: string;
  readonly headers: boolean;
  readonly output?: string;
}

/** What a peer says of its machine; undefined when it says nothing of it. */
interface Usage {
  readonly name: string;
  readonly state: string;
  /** Runnable tasks a core. */
  readonly load: number | undefined;
  readonly cores: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Free bytes. */
  readonly disk: number | undefined;
}

function usageOf({ metadata, status }: Peer): Usage {
  const attribute = (name: string): number | undefined =>
    parseQuantity(status?.attributes[name] ?? '');
  return {
    name: metadata.name,
    state: status?.state ?? 'Unknown',
    load: attribute('load'),
    cores: attribute('cores'),
    memory: attribute('memory'),
    disk: attribute('disk'),
  };
}

/** The busiest or the largest first; those that say nothing last. */
function sort(usages: readonly Usage[], by: (typeof orders)[number]): readonly Usage[] {
  return usages.toSorted((a, b) => {
    const byName = a.name.localeCompare(b.name, 'en', { numeric: true });
    return by === 'name' ? byName : (b[by] ?? -1) - (a[by] ?? -1) || byName;
  });
}

async function topPeers(cli: Cli, names: readonly string[], options: TopOptions): Promise<void> {
  const format = parseFormat(options.output);
  const by = orders.find((order) => order === options.sortBy);
  if (by === undefined) {
    throw wrongUse(
      `--sort-by ${options.sortBy}: no such column`,
      `there are: ${orders.join(', ')}`,
    );
  }
  const connection = await cli.connect();
  const peers =
    names.length > 0
      ? await Promise.all(names.map((name) => readPeer(connection, name)))
      : ((await connection.client.json('/apis/p2pcs.io/v1alpha1/peers'))[
          'items'
        ] as unknown as readonly Peer[]);
  const usages = sort(peers.map(usageOf), by);
  if (format.type === 'name') throw wrongUse('-o name is for objects; use -o json or -o yaml');
  if (format.type !== 'table' && format.type !== 'wide') {
    const rows = usages.map((usage) => ({
      name: usage.name,
      state: usage.state,
      load: usage.load ?? null,
      cores: usage.cores ?? null,
      memoryBytes: usage.memory ?? null,
      diskFreeBytes: usage.disk ?? null,
    }));
    cli.terminal.out(await printDocument({ peers: rows }, format));
    return;
  }
  const none = '<none>';
  const rows = usages.map(({ name, state, load, cores, memory, disk }) => [
    name,
    state,
    load === undefined ? none : load.toFixed(1),
    cores === undefined ? none : String(cores),
    memory === undefined ? none : formatBytes(memory),
    disk === undefined ? none : formatBytes(disk),
  ]);
  const headers = ['NAME', 'STATE', 'LOAD/CORE', 'CORES', 'MEMORY', 'DISK FREE'];
  cli.terminal.out(new TablePrinter().print(options.headers ? [headers, ...rows] : rows));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[what]', 'peers', 'peers')
    .argument('[name...]', 'only these peers')
    .option('--sort-by <column>', `by ${orders.join(', ')}; the largest first`, 'load')
    .option('--no-headers', 'rows only')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((what: string, names: readonly string[], options: TopOptions) => {
      if (!['peers', 'peer', 'pe'].includes(what)) {
        throw wrongUse(`there is no top of ${what}`, 'p2pctl top peers');
      }
      return topPeers(cli, names, options);
    });
  command.addHelpText(
    'after',
    '\nThe load counts runnable tasks a core, so 1.0 is a machine that is just busy. Each peer tells its own numbers, and\n' +
      'only when they change noticeably. Memory is what the machine has, not what is used.',
  );
  withExamples(command, [
    ['p2pctl top peers', 'the busiest machines first'],
    ['p2pctl top peers --sort-by memory', 'the largest ones first'],
  ]);
}
