import { jsonText } from '../client/json-text.ts';
import { CliError, ExitCode, wrongUse } from './cli-error.ts';
import { StatusError } from '../objects/status-error.ts';
import { nearest } from '../lib/nearest.ts';
import { resourcePath } from '../client/discovery.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Connection } from './connection.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { Slice } from '../objects/kinds/slice.ts';

/** The kind that the verbs about slices work on; they need no discovery. */
const slices: ApiResource = {
  group: 'p2pcs.io',
  version: 'v1alpha1',
  kind: 'Slice',
  plural: 'slices',
  singular: 'slice',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: [],
  subresources: [],
};

export const slicePath = (connection: Connection, name?: string): string =>
  resourcePath(slices, connection.namespace, name);

/** Names the nearest slice in the same namespace when one is not there. */
async function notFound(connection: Connection, name: string): Promise<CliError> {
  const list = await connection.client.json(slicePath(connection));
  const names = (list['items'] as readonly JsonObject[]).map((item) =>
    jsonText((item['metadata'] as JsonObject)['name']),
  );
  const meant = nearest(name, names);
  const help =
    names.length === 0
      ? 'there are none in this namespace; -n names another one'
      : `there are: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`;
  return new CliError(`no slice ${name} in namespace ${connection.namespace}`, ExitCode.failed, [
    ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
    help,
  ]);
}

/** Asks for something that belongs to a slice; a 404 becomes a proposal. */
export async function askAboutSlice<T>(
  connection: Connection,
  name: string,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound')
      throw await notFound(connection, name);
    throw error;
  }
}

export const readSlice = (connection: Connection, name: string): Promise<Slice> =>
  askAboutSlice(
    connection,
    name,
    async () => (await connection.client.json(slicePath(connection, name))) as unknown as Slice,
  );

/** The answer to one of P2PCS's own questions, such as `ring`. */
export const query = (
  connection: Connection,
  name: string,
  parameters: Readonly<Record<string, string | boolean | undefined>>,
): Promise<JsonObject> => connection.client.json(`/p2pcs/v1/${name}`, parameters);

/** Patches a slice; refuses when it changed since `basedOn` was read. */
export async function patchSlice(
  cli: Cli,
  connection: Connection,
  basedOn: Slice,
  spec: JsonObject,
): Promise<void> {
  const { name, resourceVersion } = basedOn.metadata;
  const metadata: Json = resourceVersion === undefined ? {} : { resourceVersion };
  const answer = await connection.client.request({
    method: 'PATCH',
    path: slicePath(connection, name),
    query: { fieldManager: 'p2pctl', fieldValidation: 'Strict' },
    body: { metadata, spec },
    contentType: 'application/merge-patch+json',
  });
  cli.warn(answer.warnings);
}

/** A whole number from the command line, of peers unless said otherwise. */
export function parseCount(text: string, what: string, least = 0, most = 10_000): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= least && count <= most) return count;
  throw wrongUse(`${what}: "${text}" is not a whole number from ${least} to ${most}`);
}
