import { Option } from 'commander';

import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { WrittenObjects } from '../written-objects.ts';
import { explainRefusal } from '../manifests/explain-refusal.ts';
import { qualifiedName, resourcePath } from '../../client/discovery.ts';
import { readManifests } from '../manifests/read-files.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { withExamples } from '../examples.ts';
import { withLastApplied } from '../manifests/last-applied.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { DryRun } from '../written-objects.ts';
import type { JsonObject } from '../../objects/json.ts';

interface CreateOptions {
  readonly filename: readonly string[];
  readonly saveConfig?: boolean;
  readonly dryRun: DryRun;
  readonly output?: string;
}

async function create(cli: Cli, options: CreateOptions): Promise<void> {
  const written = new WrittenObjects(cli, options.output, options.dryRun);
  const manifests = await readManifests(options.filename, cli.signal);
  const connection = await cli.connect();
  const items = await resolveManifests(connection, manifests, cli.globals.namespace);
  for (const [index, item] of items.entries()) {
    const { status: _, ...wish } = item.object;
    const body = options.saveConfig === true ? withLastApplied(wish) : wish;
    if (options.dryRun === 'client') {
      written.add(item.resource, item.name, 'created', body);
      continue;
    }
    try {
      const answer = await connection.client.request({
        method: 'POST',
        path: resourcePath(item.resource, item.namespace),
        query: {
          fieldManager: 'p2pctl',
          fieldValidation: 'Strict',
          dryRun: options.dryRun === 'server' ? 'All' : undefined,
        },
        body,
      });
      cli.warn(answer.warnings);
      written.add(item.resource, item.name, 'created', answer.body as JsonObject);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const [first, ...lines] = await explainRefusal(connection, item, error);
      const rest = items.length - index - 1;
      throw new CliError(
        `cannot create ${qualifiedName(item.resource)}/${item.name}: ${first}`,
        error.code === 403 ? ExitCode.refused : ExitCode.failed,
        [
          ...lines,
          ...(error.reason === 'AlreadyExists'
            ? ['apply changes what is there: p2pctl apply -f …']
            : []),
          ...(rest === 0 ? [] : [`${rest} more were not tried`]),
        ],
      );
    }
  }
  await written.end();
}

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('-f, --filename <file...>', 'a file, a folder, or - for standard input')
    .option('--save-config', 'keep the wish with the object, for a later apply')
    .addOption(
      new Option(
        '--dry-run <where>',
        'client: read only; server: let the peer check, store nothing',
      )
        .choices(['none', 'client', 'server'])
        .default('none'),
    )
    .option('-o, --output <format>', 'json, yaml, name or jsonpath=TEMPLATE')
    .action((options: CreateOptions) => create(cli, options));
  command.addHelpText(
    'after',
    '\nAn object that is there already is an error. It ends at the first that fails; apply checks all of them first.',
  );
  withExamples(command, [
    ['p2pctl create -f examples/paper-slice.yaml', 'a slice of five peers, unless it is there'],
    ['p2pctl create -f slice.yaml --dry-run=server -o yaml', 'what would the peer make of it?'],
  ]);
}
