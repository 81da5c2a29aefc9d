import { jsonText } from '../../client/json-text.ts';
import { askFor, isForgiven } from './request.ts';
import { printDocument } from '../output/format.ts';
import type { Cli } from '../cli.ts';
import type { Connection } from '../connection.ts';
import type { Format } from '../output/format.ts';
import type { GetOptions } from './request.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { Target } from '../targets.ts';

/** Prints whole objects; several answers become one List. */
export async function printObjects(
  cli: Cli,
  connection: Connection,
  targets: readonly Target[],
  options: GetOptions,
  format: Exclude<Format, { type: 'table' | 'wide' }>,
): Promise<void> {
  const answers = await Promise.all(
    targets.map(async (target) => {
      const { path, query } = askFor(connection, target, options);
      try {
        return (await connection.client.request({ path, query })).body as JsonObject;
      } catch (error) {
        if (isForgiven(error, options)) return undefined;
        throw error;
      }
    }),
  );
  const found = answers.filter((answer) => answer !== undefined);
  const [only] = found;
  if (only === undefined) return;
  if (found.length === 1) return cli.terminal.out(await printDocument(itemsTyped(only), format));
  const items = found.flatMap(
    (answer) => (itemsTyped(answer)['items'] as Json[] | undefined) ?? [answer],
  );
  const list: JsonObject = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items,
  };
  cli.terminal.out(await printDocument(list, format));
}

/** Items of a list carry their own apiVersion and kind, so that each can stand alone. */
function itemsTyped(document: JsonObject): JsonObject {
  const { items, kind, apiVersion } = document;
  if (!Array.isArray(items)) return document;
  const type = { apiVersion, kind: jsonText(kind).replace(/List$/, '') };
  return {
    ...document,
    items: (items as readonly JsonObject[]).map((item) => ({ ...type, ...item })),
  };
}
