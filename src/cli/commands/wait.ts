import { jsonText } from '../../client/json-text.ts';
import { CliError, ExitCode, wrongUse } from '../cli-error.ts';
import { readDuration } from '../duration-option.ts';
import { parseGoal } from '../wait-goal.ts';
import { qualifiedName, resourcePath } from '../../client/discovery.ts';
import { readTargets } from '../targets.ts';
import { waitUntil } from '../wait-until.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { Goal } from '../wait-goal.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Target } from '../targets.ts';

interface WaitOptions {
  readonly for: string;
  readonly timeout: number;
  readonly selector?: string;
  readonly all?: boolean;
}

/** A kind without a name means what `-l` or `--all` finds now. */
async function named(
  connection: Connection,
  target: Target,
  options: WaitOptions,
): Promise<readonly Required<Target>[]> {
  const { resource, name } = target;
  if (name !== undefined) return [{ resource, name }];
  if (options.selector === undefined && options.all !== true) {
    throw wrongUse(`which ${resource.plural}? name them, or say --all or -l LABELS`);
  }
  const list = await connection.client.json(resourcePath(resource, connection.namespace), {
    labelSelector: options.selector,
  });
  return (list['items'] as readonly JsonObject[]).map((item) => ({
    resource,
    name: jsonText((item['metadata'] as JsonObject)['name']),
  }));
}

async function waitFor(
  cli: Cli,
  connection: Connection,
  item: Required<Target>,
  goal: Goal,
  deadlineMs: number,
): Promise<void> {
  const label = `${qualifiedName(item.resource)}/${item.name}`;
  const namespace = item.resource.namespaced ? connection.namespace : undefined;
  let last = 'it does not exist';
  let wasThere = false;
  const leftMs = Math.max(0, deadlineMs - Date.now());
  const isReached = await waitUntil(cli, connection, { ...item, namespace }, leftMs, (object) => {
    if (object === undefined && !wasThere && goal.type === 'state') {
      throw new CliError(`cannot wait for ${label}: it does not exist`, ExitCode.failed, [
        `wait for it to appear: --for=create`,
      ]);
    }
    wasThere = true;
    const verdict = goal.judge(object);
    last = verdict.now;
    return verdict.isReached;
  });
  if (!isReached) {
    throw new CliError(
      `timed out waiting for ${goal.text} on ${label}: ${last}`,
      ExitCode.timedOut,
    );
  }
  cli.terminal.out(`${label} ${goal.done}\n`);
}

async function wait(cli: Cli, words: readonly string[], options: WaitOptions): Promise<void> {
  const goal = parseGoal(options.for);
  const connection = await cli.connect();
  const targets = await readTargets(connection, words);
  const items = (
    await Promise.all(targets.map((target) => named(connection, target, options)))
  ).flat();
  if (items.length === 0 && goal.type !== 'delete') throw new CliError('no matching objects found');
  const deadlineMs = Date.now() + options.timeout;
  await Promise.all(items.map((item) => waitFor(cli, connection, item, goal, deadlineMs)));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .requiredOption(
      '--for <goal>',
      "condition=NAME[=STATUS], jsonpath='{.path}'[=VALUE], create or delete",
    )
    .option(
      '--timeout <duration>',
      'give up after this long, with exit code 3; 0: look once',
      readDuration,
      30_000,
    )
    .option('-l, --selector <labels>', 'all objects with these labels')
    .option('--all', 'all objects of the kind in the namespace')
    .action((kind: string, names: readonly string[], options: WaitOptions) =>
      wait(cli, [kind, ...names], options),
    );
  withExamples(command, [
    [
      'p2pctl wait slice/my-sub-cloud --for=condition=Ready --timeout 1m',
      'until every place is filled',
    ],
    [
      "p2pctl wait slice/my-sub-cloud --for=jsonpath='{.status.readyMembers}'=4",
      'until a field has a value',
    ],
    ['p2pctl wait slice/my-sub-cloud --for=delete', 'until it is gone'],
  ]);
}
