import { jsonText } from '../../client/json-text.ts';
import { readOpenApi } from '../openapi.ts';
import { CliError, ExitCode } from '../cli-error.ts';
import { apiVersionOf } from '../../client/discovery.ts';
import { nearest } from '../../lib/nearest.ts';
import { padEnd } from '../terminal.ts';
import { withExamples } from '../examples.ts';
import type { ApiResource } from '../../client/discovery.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { OpenApi, Schema } from '../openapi.ts';
import type { Terminal } from '../terminal.ts';

const depthMax = 12;

function typeOf(api: OpenApi, schema: Schema): string {
  const found = api.resolve(schema);
  if (found.items !== undefined) return `[]${typeOf(api, found.items)}`;
  if (typeof found.additionalProperties === 'object') {
    return `map[string]${typeOf(api, found.additionalProperties)}`;
  }
  if (found['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (found.properties !== undefined) return 'Object';
  return found.type ?? 'any';
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length >= width - indent.length) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${indent}${each}`.trimEnd()).join('\n');
}

/** What a value may be: its default, its choices, its bounds. */
function limitsOf(schema: Schema): readonly string[] {
  return [
    schema.default === undefined ? undefined : `default ${JSON.stringify(schema.default)}`,
    schema.enum === undefined ? undefined : `one of ${schema.enum.map(jsonText).join(', ')}`,
    schema.minimum === undefined ? undefined : `at least ${schema.minimum}`,
    schema.maximum === undefined ? undefined : `at most ${schema.maximum}`,
  ].filter((text) => text !== undefined);
}

function fieldLines(
  api: OpenApi,
  schema: Schema,
  terminal: Terminal,
  options: { readonly recursive: boolean; readonly depth: number },
): readonly string[] {
  const holder = api.resolve(schema);
  const fields = api.fieldsOf(schema);
  const required = new Set(holder.required ?? api.resolve(holder.items ?? {}).required ?? []);
  const indent = '  '.repeat(options.depth + 1);
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length)) + 2;
  return Object.entries(fields)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, field]) => {
      const found = api.resolve(field);
      const needed = required.has(name) ? terminal.paint('yellow', ' -required-') : '';
      const line = `${indent}${terminal.paint('cyan', padEnd(name, width))}<${typeOf(api, field)}>${needed}`;
      if (options.recursive) {
        if (options.depth >= depthMax) return [line];
        return [
          line,
          ...fieldLines(api, field, terminal, { recursive: true, depth: options.depth + 1 }),
        ];
      }
      const limits = limitsOf(found);
      const text = [found.description ?? '', limits.length > 0 ? `(${limits.join('; ')})` : '']
        .join(' ')
        .trim();
      return [
        line,
        ...(text === '' ? [] : [wrap(text, Math.min(terminal.columns, 100), `${indent}    `)]),
        '',
      ];
    });
}

function step(
  api: OpenApi,
  schema: Schema,
  names: readonly string[],
  resource: ApiResource,
): Schema {
  let found = schema;
  for (const [index, name] of names.entries()) {
    const fields = api.fieldsOf(found);
    const next = fields[name];
    if (next === undefined) {
      const known = Object.keys(fields);
      const meant = nearest(name, known);
      const path = [resource.singular, ...names.slice(0, index)].join('.');
      throw new CliError(`${path} has no field "${name}"`, ExitCode.failed, [
        ...(meant === undefined ? [] : [`did you mean ${path}.${meant}?`]),
        known.length === 0 ? 'it has no fields' : `it has: ${known.toSorted().join(', ')}`,
      ]);
    }
    found = next;
  }
  return found;
}

async function explain(
  cli: Cli,
  path: string,
  options: { readonly recursive?: boolean },
): Promise<void> {
  const [word = '', ...names] = path.split('.');
  const connection = await cli.connect();
  const resource = await connection.resource(word);
  const api = await readOpenApi(connection, resource);
  const kind = api.kind(resource);
  if (kind === undefined) throw new CliError(`the peer documents no kind ${resource.kind}`);
  const schema = step(api, kind, names, resource);
  const { terminal } = cli;
  const found = api.resolve(schema);
  const title = names.length === 0 ? [] : [`FIELD:    ${names.at(-1)!} <${typeOf(api, schema)}>`];
  const limits = limitsOf(found);
  const fields = fieldLines(api, schema, terminal, {
    recursive: options.recursive === true,
    depth: 0,
  });
  const lines = [
    `KIND:     ${resource.kind}`,
    `VERSION:  ${apiVersionOf(resource)}`,
    ...title,
    '',
    terminal.paint('bold', 'DESCRIPTION:'),
    wrap(found.description ?? 'No description.', Math.min(terminal.columns, 100), '  '),
    ...(limits.length === 0 ? [] : [`  ${limits.join('; ')}`]),
    '',
    ...(fields.length === 0 ? [] : [terminal.paint('bold', 'FIELDS:'), ...fields]),
  ];
  terminal.out(`${lines.join('\n').trimEnd()}\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<path>', 'KIND or KIND.field.field')
    .option('--recursive', 'names and types of all fields below')
    .action((path: string, options: { readonly recursive?: boolean }) =>
      explain(cli, path, options),
    );
  withExamples(command, [
    ['p2pctl explain slice', 'what a slice is'],
    ['p2pctl explain slice.spec.rank.by', 'one field'],
    ['p2pctl explain trustpolicy.spec --recursive', 'the whole shape'],
  ]);
}
