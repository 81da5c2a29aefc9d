import { describeObject } from '../describe/describe-object.ts';
import { listEvents } from '../events.ts';
import { readTargets } from '../targets.ts';
import { resourcePath } from '../../client/discovery.ts';
import { withExamples } from '../examples.ts';
import type { ApiObject } from '../../objects/object.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Target } from '../targets.ts';

interface DescribeOptions {
  readonly selector?: string;
  readonly allNamespaces?: boolean;
  readonly showEvents: boolean;
}

async function objectsOf(
  connection: Connection,
  { resource, name }: Target,
  options: DescribeOptions,
): Promise<readonly ApiObject[]> {
  const namespace = options.allNamespaces === true ? undefined : connection.namespace;
  const answer = await connection.client.json(resourcePath(resource, namespace, name), {
    labelSelector: options.selector,
  });
  if (name !== undefined) return [answer as unknown as ApiObject];
  const type = { apiVersion: answer['apiVersion'], kind: resource.kind };
  return (answer['items'] as readonly JsonObject[]).map(
    (item) => ({ ...type, ...item }) as unknown as ApiObject,
  );
}

async function describe(
  cli: Cli,
  words: readonly string[],
  options: DescribeOptions,
): Promise<void> {
  const connection = await cli.connect();
  const targets = await readTargets(connection, words);
  const texts: string[] = [];
  for (const target of targets) {
    for (const object of await objectsOf(connection, target, options)) {
      const { name, namespace } = object.metadata;
      const scope = { kind: object.kind, name, ...(namespace === undefined ? {} : { namespace }) };
      const events = options.showEvents ? (await listEvents(connection, scope)).events : undefined;
      texts.push(describeObject(object, events, cli.terminal));
    }
  }
  if (texts.length === 0) cli.terminal.err('No resources found.\n');
  cli.terminal.out(texts.join('\n\n'));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects; none: all of the kind')
    .option('-l, --selector <labels>', 'only objects with these labels')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--no-show-events', 'without what happened to them')
    .action((kind: string, names: readonly string[], options: DescribeOptions) =>
      describe(cli, [kind, ...names], options),
    );
  withExamples(command, [
    ['p2pctl describe slice my-sub-cloud', 'its wish, its members, its conditions, what happened'],
    ['p2pctl describe peers', 'every peer'],
  ]);
}
