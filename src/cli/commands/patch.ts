import { readFileSync, statSync } from 'node:fs';
import { Option } from 'commander';
import { resolve } from 'node:path';

import { WrittenObjects } from '../written-objects.ts';
import { chooseObjects, forEachObject, pathOf } from '../chosen-objects.ts';
import { isEqualJson } from '../../client/merge-patch.ts';
import { manifestBytesMax, parseValue } from '../../client/manifest.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { DryRun } from '../written-objects.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { ObjectChoice } from '../chosen-objects.ts';

interface PatchOptions extends ObjectChoice {
  readonly patch?: string;
  readonly patchFile?: string;
  readonly type: 'merge' | 'json';
  readonly subresource?: string;
  readonly dryRun: DryRun;
  readonly output?: string;
}

function readPatch(cli: Cli, options: PatchOptions): Json {
  const { patch, patchFile, type } = options;
  if ((patch === undefined) === (patchFile === undefined)) {
    throw wrongUse('give the patch with -p TEXT or --patch-file FILE, one of the two');
  }
  let text = patch ?? '';
  let place = '-p';
  if (patchFile !== undefined) {
    const path = resolve(cli.cwd, patchFile);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true) throw wrongUse(`--patch-file ${path}: there is no such file`);
    if (found.size > manifestBytesMax) throw wrongUse(`${path}: larger than 10 MiB`);
    text = readFileSync(path, 'utf8');
    place = path;
  }
  const value = parseValue(text, place);
  if (type === 'json' && !Array.isArray(value)) {
    throw wrongUse(
      `${place}: a JSON patch is a list of operations`,
      `for example: --type json -p '[{"op": "replace", "path": "/spec/size", "value": 4}]'`,
    );
  }
  if (type === 'merge' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw wrongUse(
      `${place}: a merge patch is an object`,
      Array.isArray(value)
        ? 'a list of operations is a JSON patch: --type json'
        : `for example: -p '{"spec": {"size": 4}}'`,
    );
  }
  return value;
}

/** Versions and bookkeeping aside, is it the same object? */
function isUnchanged(before: JsonObject, after: JsonObject): boolean {
  const version = (object: JsonObject): Json | undefined =>
    (object['metadata'] as JsonObject | undefined)?.['resourceVersion'];
  return version(before) === version(after) && isEqualJson(before, after);
}

async function patchObjects(
  cli: Cli,
  words: readonly string[],
  options: PatchOptions,
): Promise<void> {
  const patch = readPatch(cli, options);
  const written = new WrittenObjects(cli, options.output, options.dryRun);
  const connection = await cli.connect();
  const items = await chooseObjects(cli, connection, words, options);
  if (items.length === 0) cli.terminal.err('No resources found.\n');
  await forEachObject(items, async (item) => {
    const path = pathOf(item, options.subresource);
    const before = await connection.client.json(path);
    const answer = await connection.client.request({
      method: 'PATCH',
      path,
      query: {
        fieldManager: 'p2pctl',
        fieldValidation: 'Strict',
        dryRun: options.dryRun === 'server' ? 'All' : undefined,
      },
      body: patch,
      contentType: `application/${options.type}-patch+json`,
    });
    cli.warn(answer.warnings);
    const after = answer.body as JsonObject;
    const what = isUnchanged(before, after) ? 'patched (no change)' : 'patched';
    written.add(item.resource, item.name, what, after);
  });
  await written.end();
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[kind]', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .option('-p, --patch <text>', 'the patch, JSON or YAML')
    .option('--patch-file <file>', 'a file with the patch')
    .addOption(
      new Option('--type <type>', 'merge: fields to set, null removes; json: operations (RFC 6902)')
        .choices(['merge', 'json'])
        .default('merge'),
    )
    .addOption(new Option('--subresource <name>', 'patch this part of it').choices(['scale']))
    .option('-f, --filename <file...>', 'the objects that these files name')
    .option('-l, --selector <labels>', 'all objects with these labels')
    .option('--all', 'all objects of the kind in the namespace')
    .addOption(
      new Option('--dry-run <where>', 'server: let the peer check, store nothing')
        .choices(['none', 'server'])
        .default('none'),
    )
    .option('-o, --output <format>', 'json, yaml, name or jsonpath=TEMPLATE')
    .action((kind: string | undefined, names: readonly string[], options: PatchOptions) =>
      patchObjects(cli, kind === undefined ? [] : [kind, ...names], options),
    );
  withExamples(command, [
    [`p2pctl patch slice my-sub-cloud -p '{"spec": {"size": 4}}'`, 'set a field'],
    [`p2pctl patch slice my-sub-cloud -p 'spec: {exclude: null}'`, 'remove one; YAML will do'],
    [
      `p2pctl patch slice my-sub-cloud --type json -p '[{"op": "test", "path": "/spec/size", "value": 4}, ` +
        `{"op": "replace", "path": "/spec/size", "value": 5}]'`,
      'only if it is 4 now',
    ],
  ]);
}
