import { jsonText } from '../../client/json-text.ts';
import { TablePrinter } from '../output/table.ts';
import { TableReader, tableAccept } from '../output/server-table.ts';
import { askFor, isForgiven } from './request.ts';
import { findByJsonPath } from '../output/jsonpath.ts';
import { parseJsonPath } from '../output/jsonpath-parser.ts';
import { qualifiedName } from '../../client/discovery.ts';
import type { Cli } from '../cli.ts';
import type { Connection } from '../connection.ts';
import type { GetOptions } from './request.ts';
import type { Json } from '../../objects/json.ts';
import type { ServerRow, ServerTable } from '../output/server-table.ts';
import type { Target } from '../targets.ts';

function sortRows(rows: readonly ServerRow[], sortBy: string | undefined): readonly ServerRow[] {
  if (sortBy === undefined) return rows;
  const path = parseJsonPath(sortBy.includes('{') ? sortBy : `{${sortBy}}`);
  const key = (row: ServerRow): Json => findByJsonPath(path, row.object ?? {})[0] ?? '';
  return rows.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return jsonText(left).localeCompare(jsonText(right), 'en', { numeric: true });
  });
}

async function fetchTable(
  connection: Connection,
  target: Target,
  options: GetOptions,
): Promise<ServerTable> {
  const { path, query } = askFor(connection, target, options);
  const includeObject = options.sortBy === undefined ? undefined : 'Object';
  const { body } = await connection.client.request({
    path,
    query: { ...query, includeObject },
    accept: tableAccept,
  });
  return body as unknown as ServerTable;
}

/** Objects of one kind under one header, in the order that they were asked for. */
interface Section {
  readonly target: Target;
  readonly tables: readonly ServerTable[];
}

async function fetchSections(
  connection: Connection,
  targets: readonly Target[],
  options: GetOptions,
): Promise<{ sections: readonly Section[]; failures: readonly unknown[] }> {
  const answers = await Promise.allSettled(
    targets.map((target) => fetchTable(connection, target, options)),
  );
  const sections = new Map<string, { target: Target; tables: ServerTable[] }>();
  const failures: unknown[] = [];
  for (const [index, answer] of answers.entries()) {
    const target = targets[index]!;
    if (answer.status === 'rejected') {
      if (!isForgiven(answer.reason, options)) failures.push(answer.reason);
      continue;
    }
    const key = qualifiedName(target.resource);
    const section = sections.get(key) ?? { target, tables: [] };
    section.tables.push(answer.value);
    sections.set(key, section);
  }
  return { sections: [...sections.values()], failures };
}

/** Prints one table a kind, as the server laid it out; missing objects fail after the rest was printed. */
export async function printTables(
  cli: Cli,
  connection: Connection,
  targets: readonly Target[],
  options: GetOptions,
): Promise<void> {
  const { sections, failures } = await fetchSections(connection, targets, options);
  const several = new Set(targets.map((target) => target.resource)).size > 1;
  const texts = sections.flatMap(({ target, tables }) => {
    const reader = new TableReader({
      wide: options.output === 'wide',
      withNamespace: options.allNamespaces === true && target.resource.namespaced,
      showLabels: options.showLabels === true,
      namePrefix: several ? `${qualifiedName(target.resource)}/` : '',
    });
    const headers = reader.headers(tables[0] ?? {});
    const rows = sortRows(
      tables.flatMap((table) => table.rows ?? []),
      options.sortBy,
    ).map((row) => reader.cells(row));
    if (rows.length === 0) return [];
    return [new TablePrinter().print(options.headers ? [headers, ...rows] : rows)];
  });
  cli.terminal.out(texts.join('\n'));
  if (texts.length === 0 && failures.length === 0 && options.ignoreNotFound !== true) {
    const namespaced = targets.every((target) => target.resource.namespaced);
    const where =
      namespaced && options.allNamespaces !== true ? ` in ${connection.namespace} namespace` : '';
    cli.terminal.err(`No resources found${where}.\n`);
  }
  if (failures.length > 0) throw failures[0];
}
