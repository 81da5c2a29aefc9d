import { homedir } from 'node:os';

import { findKubeconfig } from '../find-kubeconfig.ts';
import { findResource, resourcePath } from '../../client/discovery.ts';
import { jsonText } from '../../client/json-text.ts';
import { splitVerb } from '../arguments.ts';
import { verbs } from '../verbs.ts';
import type { Argument, Command, Option } from 'commander';

import type { Cli } from '../cli.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Verb } from '../verbs.ts';

/** As in cobra's protocol, so that its shell scripts would work too: what the shell may do after our words. */
const Directive = { files: 0, noSpace: 2, noFiles: 4 } as const;

/** A candidate and what it is, and what the shell may do besides. */
export interface Answer {
  readonly candidates: readonly (readonly [word: string, meaning: string])[];
  readonly directive: number;
}

/** A verb with its options defined, and a connection as the words before say. */
export type Prepare = (
  verb: Verb,
  args: readonly string[],
) => Promise<{ readonly command: Command; readonly cli: Cli }>;

export const noAnswer: Answer = { candidates: [], directive: Directive.noFiles };
const files: Answer = { candidates: [], directive: Directive.files };
const words = (list: readonly string[], meaning = ''): Answer => ({
  candidates: list.map((word) => [word, meaning] as const),
  directive: Directive.noFiles,
});

async function contexts(cli: Cli): Promise<readonly string[]> {
  const { env, cwd, globals } = cli;
  const found = await findKubeconfig({ option: globals.kubeconfig, env, cwd, home: homedir() });
  return found.contexts.map(({ name }) => name);
}

async function names(cli: Cli, kind: string): Promise<readonly string[]> {
  const connection = await cli.connect();
  const resource = findResource(await connection.resources(), kind);
  if (resource === undefined) return [];
  const list = await connection.client.json(resourcePath(resource, connection.namespace));
  return (list['items'] as readonly JsonObject[]).map((item) =>
    jsonText((item['metadata'] as JsonObject)['name']),
  );
}

async function kinds(cli: Cli): Promise<Answer> {
  const resources = await (await cli.connect()).resources();
  const served = resources.filter((resource) => resource.verbs.includes('list'));
  return {
    candidates: served.map(({ plural, kind }) => [plural, kind] as const),
    directive: Directive.noFiles,
  };
}

async function valueOf(cli: Cli, option: Option): Promise<Answer> {
  if (option.argChoices !== undefined) return words(option.argChoices);
  switch (option.long) {
    case '--context':
      return words(await contexts(cli));
    case '--peer':
      return words((await contexts(cli)).filter((name) => !name.includes('@')));
    case '--namespace':
      return words(await names(cli, 'namespaces'));
    case '--output':
      return option.flags.endsWith('<file>')
        ? files
        : words((option.description.match(/\b(?:wide|json|yaml|name)\b|jsonpath=/g) ?? []).slice());
    default:
      return /<(?:file|dir)(?:\.\.\.)?>/.test(option.flags) ? files : noAnswer;
  }
}

/** A verb's argument is known by its name: a kind and then its names, a slice, a peer. */
async function argumentOf(
  cli: Cli,
  given: readonly string[],
  current: string,
  all: readonly Argument[],
): Promise<Answer> {
  const argument = all[given.length] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
  const [kind] = given;
  switch (argument?.name()) {
    case 'kind':
    case 'word':
    case 'what': {
      if (given.length > 0 && argument.variadic) {
        return kind!.includes('/') ? noAnswer : words(await names(cli, kind!));
      }
      const slash = current.indexOf('/');
      if (slash < 0) return kinds(cli);
      const before = current.slice(0, slash);
      return words((await names(cli, before)).map((name) => `${before}/${name}`));
    }
    case 'name': {
      if (kind === undefined) return noAnswer;
      if (all[0]?.name() !== 'kind' && all[0]?.name() !== 'what') return noAnswer;
      return kind.includes('/') ? noAnswer : words(await names(cli, kind));
    }
    case 'path':
      return kinds(cli);
    case 'slice':
      return words(await names(cli, 'slices'));
    case 'peer':
      return words(await names(cli, 'peers'));
    case 'instance':
      return words(await names(cli, 'instances'));
    case 'context':
      return words(await contexts(cli));
    case 'shell':
      return words(argument.argChoices ?? []);
    case 'file':
      return files;
    default:
      return noAnswer;
  }
}

/** Splits what stands before the current word: arguments, and the option that waits for its value. */
function readBefore(
  command: Command,
  before: readonly string[],
): { readonly given: readonly string[]; readonly waiting: Option | undefined } {
  const given: string[] = [];
  let waiting: Option | undefined;
  for (const word of before) {
    if (waiting !== undefined) {
      waiting = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = command.options.find(({ short, long }) => word === short || word === long);
      if (option?.required === true) waiting = option;
    } else given.push(word);
  }
  return { given, waiting };
}

async function answerVerb(
  verb: Verb,
  before: readonly string[],
  current: string,
  prepare: Prepare,
): Promise<Answer> {
  const prepared = await prepare(verb, before);
  const { cli } = prepared;
  let { command } = prepared;
  const globals = command.options;
  const { given: typed, waiting } = readBefore(command, before);
  let given = typed;
  const sub = command.commands.find((candidate) => candidate.name() === given[0]);
  if (sub !== undefined) {
    command = sub;
    given = given.slice(1);
  }
  const options = [...new Set([...command.options, ...globals])];
  if (waiting !== undefined) return valueOf(cli, waiting);
  const long = /^(--[a-z-]+)=(.*)$/s.exec(current);
  if (long !== null) {
    const option = options.find((candidate) => candidate.long === long[1]);
    const answer = option === undefined ? noAnswer : await valueOf(cli, option);
    return {
      candidates: answer.candidates.map(([word, meaning]) => [`${long[1]}=${word}`, meaning]),
      directive: answer.directive,
    };
  }
  if (current.startsWith('-')) {
    return {
      candidates: options.flatMap((option) =>
        option.long === undefined || option.long === null
          ? []
          : [[option.long, option.description] as const],
      ),
      directive: Directive.noFiles,
    };
  }
  if (command.commands.length > 0) {
    return {
      candidates: command.commands.map((each) => [each.name(), each.description()] as const),
      directive: Directive.noFiles,
    };
  }
  return argumentOf(cli, given, current, command.registeredArguments);
}

/** What may stand in place of the last of `typed`, the words after `p2pctl`. */
export async function answerCompletion(
  typed: readonly string[],
  prepare: Prepare,
): Promise<Answer> {
  const before = typed.slice(0, -1);
  const current = typed.at(-1) ?? '';
  const { verb: name, rest } = splitVerb(before);
  const verb = verbs.find((candidate) => candidate.name === name);
  const isHelp = name === 'help' && rest.length === 0;
  const all: Answer =
    name === undefined || isHelp
      ? {
          candidates: verbs.map((each) => [each.name, each.summary] as const),
          directive: Directive.noFiles,
        }
      : verb === undefined
        ? noAnswer
        : await answerVerb(verb, rest, current, prepare);
  const candidates = all.candidates.filter(([word]) => word.startsWith(current));
  const unfinished = candidates.length > 0 && candidates.every(([word]) => word.endsWith('='));
  return { candidates, directive: all.directive + (unfinished ? Directive.noSpace : 0) };
}

/** As cobra prints it: a line a candidate, a tab before its meaning; the directive after a colon. */
export const printAnswer = ({ candidates, directive }: Answer): string =>
  `${candidates
    .map(
      ([word, meaning]) =>
        `${word}${meaning === '' ? '' : `\t${meaning.replaceAll(/\s+/g, ' ')}`}\n`,
    )
    .join('')}:${directive}\n`;
