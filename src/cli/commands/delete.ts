import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { chooseObjects, pathOf } from '../chosen-objects.ts';
import { readDuration } from '../duration-option.ts';
import { qualifiedName } from '../../client/discovery.ts';
import { waitUntil } from '../wait-until.ts';
import { withExamples } from '../examples.ts';
import type { ChosenObject, ObjectChoice } from '../chosen-objects.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';

interface DeleteOptions extends ObjectChoice {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly ignoreNotFound?: boolean;
  readonly dryRun?: string;
}

async function doomed(
  cli: Cli,
  connection: Connection,
  words: readonly string[],
  options: DeleteOptions,
): Promise<readonly ChosenObject[]> {
  const items = await chooseObjects(cli, connection, words, options);
  // Backwards: what was created on top of something goes before it.
  return options.filename === undefined ? items : items.toReversed();
}

async function remove(
  cli: Cli,
  connection: Connection,
  item: ChosenObject,
  options: DeleteOptions,
): Promise<boolean> {
  try {
    const answer = await connection.client.request({
      method: 'DELETE',
      path: pathOf(item),
      query: { dryRun: options.dryRun === undefined ? undefined : 'All' },
      body: { propagationPolicy: 'Background' },
    });
    cli.warn(answer.warnings);
  } catch (error) {
    const isGone = error instanceof StatusError && error.reason === 'NotFound';
    if (isGone && options.ignoreNotFound === true) return false;
    throw error;
  }
  const note = options.dryRun === undefined ? '' : ' (server dry run)';
  cli.terminal.out(`${qualifiedName(item.resource)} "${item.name}" deleted${note}\n`);
  return true;
}

async function deleteObjects(
  cli: Cli,
  words: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const connection = await cli.connect();
  const items = await doomed(cli, connection, words, options);
  if (items.length === 0) cli.terminal.err('No resources found.\n');
  const failures: unknown[] = [];
  const removed: ChosenObject[] = [];
  for (const item of items) {
    try {
      if (await remove(cli, connection, item, options)) removed.push(item);
    } catch (error) {
      failures.push(error);
    }
  }
  if (options.wait && options.dryRun === undefined) {
    for (const item of removed) {
      const isGone = await waitUntil(
        cli,
        connection,
        item,
        options.timeout,
        (object) => object === undefined,
      );
      if (isGone) continue;
      throw new CliError(
        `${qualifiedName(item.resource)} "${item.name}" is still there`,
        ExitCode.timedOut,
        [
          `what holds it: p2pctl get ${item.resource.singular} ${item.name} -o jsonpath='{.metadata.finalizers}'`,
        ],
      );
    }
  }
  if (failures.length > 0) throw failures[0];
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[kind]', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .option('-f, --filename <file...>', 'what these files name')
    .option('-l, --selector <labels>', 'all objects with these labels')
    .option('--all', 'all objects of the kind in the namespace')
    .option('--no-wait', 'do not wait until they are gone')
    .option('--timeout <duration>', 'how long to wait (default: as long as it takes)', readDuration)
    .option('--ignore-not-found', 'a missing object is no error')
    .option('--dry-run <where>', 'server: check only')
    .action((kind: string | undefined, names: readonly string[], options: DeleteOptions) =>
      deleteObjects(cli, kind === undefined ? [] : [kind, ...names], options),
    );
  withExamples(command, [
    ['p2pctl delete slice my-sub-cloud', 'its members stop their work; returns when it is gone'],
    ['p2pctl delete -f examples/paper-slice.yaml', 'what a file names'],
    ['p2pctl delete slices --all --timeout 30s', 'every slice of the namespace'],
  ]);
}
