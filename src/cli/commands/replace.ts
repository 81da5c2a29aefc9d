import { Option } from 'commander';

import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { WrittenObjects } from '../written-objects.ts';
import { explainRefusal } from '../manifests/explain-refusal.ts';
import { lastApplied, withLastApplied } from '../manifests/last-applied.ts';
import { qualifiedName, resourcePath } from '../../client/discovery.ts';
import { readManifests } from '../manifests/read-files.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { withExamples } from '../examples.ts';
import type { ApiAnswer } from '../../client/http-client.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { DryRun } from '../written-objects.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Resolved } from '../manifests/resolve.ts';

interface ReplaceOptions {
  readonly filename: readonly string[];
  readonly dryRun: DryRun;
  readonly output?: string;
}

/** The status changes all the time; without a version in the file a conflict means: look again. */
const attemptsMax = 5;

async function put(
  connection: Connection,
  item: Resolved,
  dryRun: DryRun,
  attempt = 1,
): Promise<ApiAnswer> {
  const path = resourcePath(item.resource, item.namespace, item.name);
  const current = await connection.client.json(path);
  const { status: _, ...given } = item.object;
  // Whoever applied the object goes on applying: what replaces it is the wish from now on.
  const wish = lastApplied(current) === undefined ? given : withLastApplied(given);
  const metadata = wish['metadata'] as JsonObject;
  const now = (current['metadata'] as JsonObject)['resourceVersion'];
  const isVersioned = metadata['resourceVersion'] !== undefined;
  try {
    return await connection.client.request({
      method: 'PUT',
      path,
      query: {
        fieldManager: 'p2pctl',
        fieldValidation: 'Strict',
        dryRun: dryRun === 'server' ? 'All' : undefined,
      },
      body: isVersioned ? wish : { ...wish, metadata: { ...metadata, resourceVersion: now } },
    });
  } catch (error) {
    const isStale = error instanceof StatusError && error.reason === 'Conflict';
    if (!isStale || isVersioned || attempt === attemptsMax) throw error;
    return put(connection, item, dryRun, attempt + 1);
  }
}

async function replace(cli: Cli, options: ReplaceOptions): Promise<void> {
  const written = new WrittenObjects(cli, options.output, options.dryRun);
  const manifests = await readManifests(options.filename, cli.signal);
  const connection = await cli.connect();
  const items = await resolveManifests(connection, manifests, cli.globals.namespace);
  for (const [index, item] of items.entries()) {
    try {
      const answer = await put(connection, item, options.dryRun);
      cli.warn(answer.warnings);
      written.add(item.resource, item.name, 'replaced', answer.body as JsonObject);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const [first, ...lines] = await explainRefusal(connection, item, error);
      const rest = items.length - index - 1;
      throw new CliError(
        `cannot replace ${qualifiedName(item.resource)}/${item.name}: ${first}`,
        error.code === 403 ? ExitCode.refused : ExitCode.failed,
        [
          ...lines,
          ...(error.reason === 'NotFound' ? ['make it: p2pctl create -f …'] : []),
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
    .addOption(
      new Option('--dry-run <where>', 'server: let the peer check, store nothing')
        .choices(['none', 'server'])
        .default('none'),
    )
    .option('-o, --output <format>', 'json, yaml, name or jsonpath=TEMPLATE')
    .action((options: ReplaceOptions) => replace(cli, options));
  command.addHelpText(
    'after',
    '\nWhat the file does not set is gone afterwards, unlike with apply. With metadata.resourceVersion in the file it is\n' +
      'refused when the object changed since.',
  );
  withExamples(command, [
    ['p2pctl replace -f slice.yaml', 'exactly what the file says'],
    [
      'p2pctl get slice my-sub-cloud -o yaml | sed s/size:.*/size:\\ 4/ | p2pctl replace -f -',
      'read, change, write',
    ],
  ]);
}
