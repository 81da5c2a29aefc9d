import { jsonText } from '../../client/json-text.ts';
import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { readDuration } from '../duration-option.ts';
import { qualifiedName, resourcePath } from '../../client/discovery.ts';
import { readManifests } from '../manifests/read-files.ts';
import { readTargets } from '../targets.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { waitUntil } from '../wait-until.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { ApiResource } from '../../client/discovery.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { JsonObject } from '../../objects/json.ts';

interface DeleteOptions {
  readonly filename?: readonly string[];
  readonly selector?: string;
  readonly all?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
  readonly ignoreNotFound?: boolean;
  readonly dryRun?: string;
}

interface Doomed {
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
}

async function fromArguments(
  connection: Connection,
  words: readonly string[],
  options: DeleteOptions,
): Promise<readonly Doomed[]> {
  const targets = await readTargets(connection, words);
  const isMany = options.all === true || options.selector !== undefined;
  const found = await Promise.all(
    targets.map(async ({ resource, name }): Promise<readonly Doomed[]> => {
      const namespace = resource.namespaced ? connection.namespace : undefined;
      if (name !== undefined) return [{ resource, namespace, name }];
      if (!isMany) {
        throw wrongUse(`which ${resource.plural}? name them, or say --all or -l LABELS`);
      }
      const list = await connection.client.json(resourcePath(resource, namespace), {
        labelSelector: options.selector,
      });
      return (list['items'] as readonly JsonObject[]).map((item) => {
        const metadata = item['metadata'] as JsonObject;
        return { resource, namespace, name: jsonText(metadata['name']) };
      });
    }),
  );
  return found.flat();
}

async function doomed(
  cli: Cli,
  connection: Connection,
  words: readonly string[],
  options: DeleteOptions,
): Promise<readonly Doomed[]> {
  if (options.filename === undefined) return fromArguments(connection, words, options);
  if (words.length > 0) throw wrongUse('name objects or files (-f), not both');
  const manifests = await readManifests(options.filename, cli.signal);
  const items = await resolveManifests(connection, manifests, cli.globals.namespace);
  // Backwards: what was created on top of something goes before it.
  return items.toReversed();
}

async function remove(
  cli: Cli,
  connection: Connection,
  item: Doomed,
  options: DeleteOptions,
): Promise<boolean> {
  try {
    const answer = await connection.client.request({
      method: 'DELETE',
      path: resourcePath(item.resource, item.namespace, item.name),
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
  const removed: Doomed[] = [];
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
