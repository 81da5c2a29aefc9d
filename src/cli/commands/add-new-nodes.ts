import { CliError, ExitCode } from '../cli-error.ts';
import { parseCount, patchSlice, readSlice } from '../slices.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

async function addNewNodes(cli: Cli, name: string, count: string): Promise<void> {
  const more = parseCount(count, 'N', 1);
  const connection = await cli.connect();
  const slice = await readSlice(connection, name);
  const size = slice.spec?.size;
  if (size === undefined) {
    throw new CliError(
      `cannot add peers to slice ${name}: it is sized by percent (${slice.spec?.percent ?? '?'})`,
      ExitCode.failed,
      ['change spec.percent, or set a size: p2pctl apply'],
    );
  }
  await patchSlice(cli, connection, slice, { size: size + more });
  cli.terminal.out(`slice.p2pcs.io/${name} grows from ${size} to ${size + more}\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<slice>', 'the slice that shall grow')
    .argument('<n>', 'how many peers more')
    .action((slice: string, count: string) => addNewNodes(cli, slice, count));
  withExamples(command, [
    ['p2pctl add-new-nodes my-sub-cloud 2', 'two more, of those that are in no slice'],
  ]);
}
