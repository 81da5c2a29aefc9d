import { Option } from 'commander';

import { CliError, ExitCode, wrongUse } from './cli-error.ts';
import { StatusError } from '../objects/status-error.ts';
import { WrittenObjects } from './written-objects.ts';
import { chooseObjects, forEachObject, pathOf } from './chosen-objects.ts';
import { conflicting, patchOf, splitChanges } from './metadata-changes.ts';
import { jsonText } from '../client/json-text.ts';
import { qualifiedName } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Command } from 'commander';
import type { Connection } from './connection.ts';
import type { DryRun } from './written-objects.ts';
import type { JsonObject } from '../objects/json.ts';
import type { MetadataChanges } from './metadata-changes.ts';
import type { ChosenObject, ObjectChoice } from './chosen-objects.ts';

/** A map in an object's metadata, and the words of the verb that changes it. */
export interface MetadataMap {
  readonly field: 'labels' | 'annotations';
  /** `labeled` */
  readonly changed: string;
}

interface ChangeOptions extends ObjectChoice {
  readonly overwrite?: boolean;
  readonly list?: boolean;
  readonly dryRun: DryRun;
  readonly output?: string;
}

const mapOf = (object: JsonObject, field: MetadataMap['field']): JsonObject =>
  ((object['metadata'] as JsonObject)[field] ?? {}) as JsonObject;

/** An object's status changes all the time; a conflict is rarely about the same key. */
const attemptsMax = 5;

async function change(
  cli: Cli,
  connection: Connection,
  item: ChosenObject,
  map: MetadataMap,
  changes: MetadataChanges,
  options: ChangeOptions,
  attempt = 1,
): Promise<{ readonly object: JsonObject; readonly isChanged: boolean }> {
  const object = await connection.client.json(pathOf(item));
  const now = mapOf(object, map.field);
  const held = options.overwrite === true ? [] : conflicting(now, changes);
  if (held.length > 0) {
    const list = held.map(([key, value]) => `${key} is "${jsonText(value)}"`).join(', ');
    throw new CliError(
      `${qualifiedName(item.resource)}/${item.name} was not ${map.changed}: ${list} already`,
      ExitCode.failed,
      ['replace it: --overwrite'],
    );
  }
  const patch = patchOf(now, changes);
  if (patch === undefined) return { object, isChanged: false };
  // Whoever changed the object since we looked may have set the same key; without --overwrite that counts.
  const guard =
    options.overwrite === true
      ? {}
      : { resourceVersion: (object['metadata'] as JsonObject)['resourceVersion'] };
  try {
    const answer = await connection.client.request({
      method: 'PATCH',
      path: pathOf(item),
      query: {
        fieldManager: 'p2pctl',
        fieldValidation: 'Strict',
        dryRun: options.dryRun === 'server' ? 'All' : undefined,
      },
      body: { metadata: { ...guard, [map.field]: patch } },
      contentType: 'application/merge-patch+json',
    });
    cli.warn(answer.warnings);
    return { object: answer.body as JsonObject, isChanged: true };
  } catch (error) {
    const isStale = error instanceof StatusError && error.reason === 'Conflict';
    if (!isStale || attempt === attemptsMax) throw error;
    return change(cli, connection, item, map, changes, options, attempt + 1);
  }
}

async function changeObjects(
  cli: Cli,
  map: MetadataMap,
  words: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  const { objects, changes } = splitChanges(words);
  const size = changes.set.size + changes.remove.size;
  if (options.list === true && size > 0) throw wrongUse('--list changes nothing; name no changes');
  if (options.list !== true && size === 0) {
    throw wrongUse(`which ${map.field}? KEY=VALUE sets one, KEY- removes one, --list shows them`);
  }
  const written = new WrittenObjects(cli, options.output, options.dryRun);
  const connection = await cli.connect();
  const items = await chooseObjects(cli, connection, objects, options);
  if (items.length === 0) cli.terminal.err('No resources found.\n');
  await forEachObject(items, async (item) => {
    if (options.list === true) {
      const entries = Object.entries(
        mapOf(await connection.client.json(pathOf(item)), map.field),
      ).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const indent = items.length > 1 ? '  ' : '';
      if (items.length > 1) cli.terminal.out(`${qualifiedName(item.resource)}/${item.name}:\n`);
      cli.terminal.out(
        entries.map(([key, value]) => `${indent}${key}=${jsonText(value)}\n`).join(''),
      );
      return;
    }
    const { object, isChanged } = await change(cli, connection, item, map, changes, options);
    const what = changes.set.size === 0 ? `un${map.changed}` : map.changed;
    written.add(item.resource, item.name, isChanged ? what : `not ${what}`, object);
  });
  await written.end();
}

/** Arguments, options and action of `label` and of `annotate`. */
export function defineMetadataVerb(command: Command, cli: Cli, map: MetadataMap): void {
  command
    .argument('[word...]', 'TYPE NAME… or TYPE/NAME…, then KEY=VALUE… to set and KEY-… to remove')
    .option('--overwrite', 'replace values that are there')
    .option('--list', `show the ${map.field}`)
    .option('-f, --filename <file...>', 'the objects that these files name')
    .option('-l, --selector <labels>', 'all objects with these labels')
    .option('--all', 'all objects of the kind in the namespace')
    .addOption(
      new Option('--dry-run <where>', 'server: let the peer check, store nothing')
        .choices(['none', 'server'])
        .default('none'),
    )
    .option('-o, --output <format>', 'json, yaml, name or jsonpath=TEMPLATE')
    .action((words: readonly string[], options: ChangeOptions) =>
      changeObjects(cli, map, words, options),
    );
}
