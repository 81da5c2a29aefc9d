import { askAboutSlice, query } from '../slices.ts';
import { drawRing } from '../output/ring.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Ring } from '../output/ring-order.ts';

interface RingOptions {
  readonly live?: boolean;
  readonly output?: string;
}

async function showRing(cli: Cli, slice: string, options: RingOptions): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const answer = await askAboutSlice(connection, slice, () =>
    query(connection, 'ring', {
      namespace: connection.namespace,
      slice,
      live: options.live === true,
    }),
  );
  if (format.type !== 'table' && format.type !== 'wide') {
    cli.terminal.out(await printDocument(answer, format));
    return;
  }
  cli.terminal.out(drawRing(answer as unknown as Ring, cli.terminal));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<slice>', 'the slice whose members form the ring')
    .option('--live', 'ask each member now, and mark the silent ones')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((slice: string, options: RingOptions) => showRing(cli, slice, options));
  command.addHelpText(
    'after',
    '\nAn arrow head points at a peer that its neighbour names: two heads, both agree. The ring is closed when every\n' +
      'member and its successor do.',
  );
  withExamples(command, [
    ['p2pctl ring my-sub-cloud', 'as its members last said'],
    ['p2pctl ring my-sub-cloud --live', 'as they say now'],
    ["p2pctl ring my-sub-cloud -o jsonpath='{.closed}'", 'for a script'],
  ]);
}
