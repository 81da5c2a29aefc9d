import { TablePrinter } from '../output/table.ts';
import { askAboutSlice, query } from '../slices.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

/** The answer of `/p2pcs/v1/explain-placement`. */
interface Placement {
  readonly slice: string;
  readonly desired: number;
  readonly held: number;
  readonly peers: readonly {
    readonly peer: string;
    readonly in: boolean;
    readonly state: string;
    readonly reasons: readonly string[];
  }[];
}

async function explainPlacement(
  cli: Cli,
  slice: string,
  options: { readonly output?: string },
): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const answer = await askAboutSlice(connection, slice, () =>
    query(connection, 'explain-placement', { namespace: connection.namespace, slice }),
  );
  if (format.type !== 'table' && format.type !== 'wide') {
    cli.terminal.out(await printDocument(answer, format));
    return;
  }
  const { terminal } = cli;
  const { desired, held, peers } = answer as unknown as Placement;
  const missing = Math.max(0, desired - held);
  const summary = `${held} of ${desired} places are held`;
  terminal.out(
    `${terminal.paint('bold', slice)}: ${missing === 0 ? terminal.paint('green', summary) : terminal.paint('yellow', `${summary}, ${missing} missing`)}\n\n`,
  );
  const rows = peers
    .toSorted((a, b) => Number(b.in) - Number(a.in))
    .map((each) => [
      each.peer,
      each.in ? terminal.paint('green', 'in') : 'out',
      each.state,
      each.reasons.join('; '),
    ]);
  terminal.out(new TablePrinter().print([['PEER', 'IN', 'STATE', 'WHY'], ...rows]));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<slice>', 'the slice to explain')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((slice: string, options: { readonly output?: string }) =>
      explainPlacement(cli, slice, options),
    );
  withExamples(command, [
    ['p2pctl explain-placement my-sub-cloud', 'for each known peer: in or out, and why'],
  ]);
}
