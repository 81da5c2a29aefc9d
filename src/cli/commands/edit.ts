import { Option } from 'commander';

import { CliError, ExitCode } from '../cli-error.ts';
import { EditSession } from '../edit/edit-session.ts';
import { ManifestError, parseManifest } from '../../client/manifest.ts';
import { StatusError } from '../../objects/status-error.ts';
import { WrittenObjects } from '../written-objects.ts';
import { chooseObjects, pathOf } from '../chosen-objects.ts';
import { jsonText } from '../../client/json-text.ts';
import { printDocument } from '../output/format.ts';
import { qualifiedName } from '../../client/discovery.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { explainRefusal } from '../manifests/explain-refusal.ts';
import { threeWayMergePatch } from '../../client/merge-patch.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { ChosenObject, ObjectChoice } from '../chosen-objects.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { JsonObject } from '../../objects/json.ts';

interface EditOptions extends ObjectChoice {
  readonly output: 'yaml' | 'json';
}

/** Why an edit cannot be saved, a line each, to be shown above it. */
class BrokenEdit extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines[0]);
    this.lines = lines;
  }
}

/** The object of an edited text; a comment alone is none. */
function readEdit(text: string, file: string): ReturnType<typeof parseManifest>[number] {
  try {
    const [edited, ...more] = parseManifest(text, file);
    if (edited === undefined || more.length > 0) {
      throw new BrokenEdit(['there must be one object']);
    }
    return edited;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    // The file has a line more for every line that is shown above it, so the place is said by its text instead.
    throw new BrokenEdit([error.message.replace(`${error.file}:${error.line}: `, '')]);
  }
}

/** Sends what differs. Undefined when nothing does. */
async function save(
  cli: Cli,
  connection: Connection,
  item: ChosenObject,
  before: JsonObject,
  text: string,
  file: string,
): Promise<JsonObject | undefined> {
  const manifest = readEdit(text, file);
  const edited = manifest.object;
  const identity = (object: JsonObject): string =>
    ['apiVersion', 'kind', 'name', 'namespace']
      .map((key) => jsonText(object[key] ?? (object['metadata'] as JsonObject | null)?.[key]))
      .join(' ');
  if (identity(edited) !== identity(before)) {
    throw new BrokenEdit(['apiVersion, kind, name and namespace of an object cannot be changed']);
  }
  const patch = threeWayMergePatch(before, edited, before);
  if (Object.keys(patch).length === 0) return undefined;
  try {
    const answer = await connection.client.request({
      method: 'PATCH',
      path: pathOf(item),
      query: { fieldManager: 'p2pctl', fieldValidation: 'Strict' },
      body: patch,
      contentType: 'application/merge-patch+json',
    });
    cli.warn(answer.warnings);
    return answer.body as JsonObject;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const [resolved] = await resolveManifests(connection, [manifest], undefined);
    const lines = await explainRefusal(connection, resolved!, error);
    throw new BrokenEdit(lines.map((line) => line.replace(/^.*?:\d+: /, '')));
  }
}

async function editObject(
  cli: Cli,
  connection: Connection,
  item: ChosenObject,
  format: EditOptions['output'],
  written: WrittenObjects,
): Promise<void> {
  const label = `${qualifiedName(item.resource)}/${item.name}`;
  const before = await connection.client.json(pathOf(item));
  const original = await printDocument(before, { type: format });
  const session = new EditSession(cli, `${item.resource.singular}-${item.name}`, format);
  let text = original;
  let problems: readonly string[] = [];
  for (;;) {
    const edited = await session.edit(text, [
      `${label}; an empty file ends the edit.`,
      ...problems,
    ]);
    const isAgain = problems.length > 0 && edited === text;
    if (edited.trim() === '' || (problems.length === 0 && edited === original) || isAgain) {
      if (problems.length === 0) {
        cli.terminal.out(`${label} not changed\n`);
        return session.remove();
      }
      throw new CliError(`${label} was not changed: ${problems.join('; ')}`, ExitCode.failed, [
        `your edit is kept in ${session.keep(text)}`,
      ]);
    }
    text = edited;
    try {
      const after = await save(cli, connection, item, before, text, session.path);
      if (after === undefined) cli.terminal.out(`${label} not changed\n`);
      else written.add(item.resource, item.name, 'edited', after);
      return session.remove();
    } catch (error) {
      if (!(error instanceof BrokenEdit)) {
        cli.terminal.err(`your edit is kept in ${session.keep(text)}\n`);
        throw error;
      }
      problems = error.lines;
    }
  }
}

async function edit(cli: Cli, words: readonly string[], options: EditOptions): Promise<void> {
  const connection = await cli.connect();
  const items = await chooseObjects(cli, connection, words, options);
  if (items.length === 0) throw wrongUse('there is nothing to edit');
  const written = new WrittenObjects(cli, undefined);
  for (const item of items) await editObject(cli, connection, item, options.output, written);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[kind]', 'TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .option('-f, --filename <file...>', 'the objects that these files name')
    .option('-l, --selector <labels>', 'all objects with these labels, one after the other')
    .addOption(
      new Option('-o, --output <format>', 'in which form to edit')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .action((kind: string | undefined, names: readonly string[], options: EditOptions) =>
      edit(cli, kind === undefined ? [] : [kind, ...names], options),
    );
  command.addHelpText(
    'after',
    '\nThe editor is $KUBE_EDITOR, or $EDITOR, or vi. An edit that is refused is shown again with the reason; saved\n' +
      'unchanged, or empty, it ends, and a copy is kept.',
  );
  withExamples(command, [
    ['p2pctl edit slice my-sub-cloud', 'in your editor'],
    ['KUBE_EDITOR="code --wait" p2pctl edit slice/my-sub-cloud', 'in another one'],
  ]);
}
