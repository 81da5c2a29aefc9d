import { TablePrinter } from '../output/table.ts';
import { apiVersionOf } from '../../client/discovery.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import type { ApiResource } from '../../client/discovery.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Json } from '../../objects/json.ts';

interface Options {
  readonly apiGroup?: string;
  readonly namespaced?: boolean;
  readonly headers: boolean;
  readonly output?: string;
}

const toDocument = (resource: ApiResource): Json => ({
  name: resource.plural,
  singularName: resource.singular,
  shortNames: resource.shortNames,
  apiVersion: apiVersionOf(resource),
  namespaced: resource.namespaced,
  kind: resource.kind,
  verbs: resource.verbs,
  categories: resource.categories,
});

async function listKinds(cli: Cli, options: Options): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const found = (await connection.resources()).filter(
    ({ group, namespaced }) =>
      (options.apiGroup === undefined || group === options.apiGroup) &&
      (options.namespaced === undefined || namespaced === options.namespaced),
  );
  if (format.type === 'name') {
    const names = found.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`));
    cli.terminal.out(names.map((name) => `${name}\n`).join(''));
    return;
  }
  if (format.type !== 'table' && format.type !== 'wide') {
    cli.terminal.out(await printDocument({ resources: found.map(toDocument) }, format));
    return;
  }
  const isWide = format.type === 'wide';
  const headers = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND'];
  const rows = found.map((resource) => [
    resource.plural,
    resource.shortNames.join(','),
    apiVersionOf(resource),
    String(resource.namespaced),
    resource.kind,
    ...(isWide ? [resource.verbs.join(','), resource.categories.join(',')] : []),
  ]);
  const top = isWide ? [...headers, 'VERBS', 'CATEGORIES'] : headers;
  cli.terminal.out(new TablePrinter().print(options.headers ? [top, ...rows] : rows));
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--api-group <group>', "only of this group; '' is the core group")
    .option('--namespaced', 'only kinds that live in namespaces')
    .option('--no-namespaced', 'only kinds that do not')
    .option('--no-headers', 'rows only')
    .option('-o, --output <format>', 'wide, name, json, yaml or jsonpath=TEMPLATE')
    .action((options: Options) => listKinds(cli, options));
  withExamples(command, [
    ['p2pctl api-resources', 'every kind that the peer serves, with its short names'],
    ['p2pctl api-resources --namespaced=false -o name', 'kinds without a namespace'],
  ]);
}
