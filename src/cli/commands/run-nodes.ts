import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { parseCount, slicePath } from '../slices.ts';
import { withExamples } from '../examples.ts';
import { withLastApplied } from '../manifests/last-applied.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { JsonObject } from '../../objects/json.ts';

/** The paper's slice: so many peers, chosen without any particular criteria, each running an instance that waits. */
const paperSlice = (name: string, namespace: string, size: number): JsonObject => ({
  apiVersion: 'p2pcs.io/v1alpha1',
  kind: 'Slice',
  metadata: { name, namespace },
  spec: { size, template: { spec: { command: ['sleep', 'infinity'] } } },
});

async function runNodes(cli: Cli, slice: string, count: string): Promise<void> {
  const size = parseCount(count, 'N');
  const connection = await cli.connect();
  try {
    const answer = await connection.client.request({
      method: 'POST',
      path: slicePath(connection),
      query: { fieldManager: 'p2pctl', fieldValidation: 'Strict' },
      body: withLastApplied(paperSlice(slice, connection.namespace, size)),
    });
    cli.warn(answer.warnings);
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
    throw new CliError(
      `cannot create slice ${slice}: there is one already in namespace ${connection.namespace}`,
      ExitCode.failed,
      [
        `more peers for it: p2pctl add-new-nodes ${slice} N`,
        `or its size: p2pctl scale slice ${slice} --size N`,
      ],
    );
  }
  cli.terminal.out(`slice.p2pcs.io/${slice} created\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<slice>', 'name of the new slice')
    .argument('<n>', 'how many peers')
    .action((slice: string, count: string) => runNodes(cli, slice, count));
  withExamples(command, [
    [
      'p2pctl run-nodes my-sub-cloud 5',
      'five peers, each with an instance that waits (sleep infinity)',
    ],
    ['p2pctl run-nodes --peer node3 my-sub-cloud 5', 'asked of node3; the slice may lie anywhere'],
  ]);
}
