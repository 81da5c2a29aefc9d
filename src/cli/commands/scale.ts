import { jsonText } from '../../client/json-text.ts';
import { CliError, ExitCode, wrongUse } from '../cli-error.ts';
import { parseCount } from '../slices.ts';
import { qualifiedName, resourcePath } from '../../client/discovery.ts';
import { readTargets } from '../targets.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { JsonObject } from '../../objects/json.ts';

interface ScaleOptions {
  readonly replicas?: string;
  readonly size?: string;
  readonly currentReplicas?: string;
}

async function scale(cli: Cli, words: readonly string[], options: ScaleOptions): Promise<void> {
  const wanted = options.replicas ?? options.size;
  if (wanted === undefined) throw wrongUse('say how many: --size 5 (or --replicas 5)');
  const replicas = parseCount(wanted, options.size === undefined ? '--replicas' : '--size');
  const connection = await cli.connect();
  for (const { resource, name } of await readTargets(connection, words)) {
    if (name === undefined)
      throw wrongUse(`which ${resource.singular}? for example: ${resource.singular}/NAME`);
    if (!resource.subresources.includes('scale')) {
      throw wrongUse(`${resource.plural} have no size; slices do`);
    }
    const path = resourcePath(resource, connection.namespace, name, 'scale');
    if (options.currentReplicas !== undefined) {
      const expected = parseCount(options.currentReplicas, '--current-replicas');
      const now = (await connection.client.json(path))['spec'] as JsonObject;
      if ((now['replicas'] ?? 0) !== expected) {
        throw new CliError(
          `${resource.singular} ${name} was not scaled: its size is ${jsonText(now['replicas'] ?? 0)}, not ${expected}`,
          ExitCode.failed,
        );
      }
    }
    const answer = await connection.client.request({
      method: 'PATCH',
      path,
      body: { spec: { replicas } },
      contentType: 'application/merge-patch+json',
    });
    cli.warn(answer.warnings);
    cli.terminal.out(`${qualifiedName(resource)}/${name} scaled\n`);
  }
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .option('--size <count>', 'how many peers')
    .option('--replicas <count>', 'the same, in the words of kubectl')
    .option('--current-replicas <count>', 'only if this is the size now')
    .action((kind: string, names: readonly string[], options: ScaleOptions) =>
      scale(cli, [kind, ...names], options),
    );
  withExamples(command, [
    ['p2pctl scale slice my-sub-cloud --size 7', 'two more'],
    ['p2pctl scale slice/my-sub-cloud --size 0', 'stop its work, keep the slice'],
  ]);
}
