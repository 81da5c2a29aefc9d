import { jsonText } from '../../client/json-text.ts';
import { TablePrinter } from '../output/table.ts';
import { TableReader, tableAccept } from '../output/server-table.ts';
import { askFor } from './request.ts';
import { printDocument } from '../output/format.ts';
import { watchOnce } from '../../client/watch.ts';
import type { Cli } from '../cli.ts';
import type { Connection } from '../connection.ts';
import type { Format } from '../output/format.ts';
import type { GetOptions } from './request.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { ServerTable } from '../output/server-table.ts';
import type { Target } from '../targets.ts';

const versionOf = (document: JsonObject): string =>
  jsonText((document['metadata'] as JsonObject | undefined)?.['resourceVersion'] ?? '0');

/** Prints what there is, then every change, until the user interrupts or the peer goes. */
export async function watchTarget(
  cli: Cli,
  connection: Connection,
  target: Target,
  options: GetOptions,
  format: Format,
): Promise<void> {
  const isTable = format.type === 'table' || format.type === 'wide';
  const { path, query } = askFor(connection, target, options);
  const accept = isTable ? tableAccept : 'application/json';
  const first = await connection.client.request({ path, query, accept });
  const reader = new TableReader({
    wide: format.type === 'wide',
    withNamespace: options.allNamespaces === true && target.resource.namespaced,
    showLabels: options.showLabels === true,
    namePrefix: '',
  });
  const printer = new TablePrinter();

  const show = async (document: JsonObject, isFirst: boolean): Promise<void> => {
    if (!isTable) {
      const items = (document['items'] as readonly JsonObject[] | undefined) ?? [document];
      for (const item of items) cli.terminal.out(await printDocument(item, format));
      return;
    }
    const table = document as unknown as ServerTable;
    const headers = isFirst ? [reader.headers(table)] : [];
    const rows = (table.rows ?? []).map((row) => reader.cells(row));
    cli.terminal.out(printer.print([...(options.headers ? headers : []), ...rows]));
  };

  await show(first.body as JsonObject, true);
  const events = watchOnce(connection.client, {
    resource: target.resource,
    resourceVersion: versionOf(first.body as JsonObject),
    accept,
    signal: cli.signal,
    ...(options.allNamespaces === true ? {} : { namespace: connection.namespace }),
    ...(target.name === undefined ? {} : { name: target.name }),
    ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  });
  for await (const event of events) await show(event.object, false);
}
