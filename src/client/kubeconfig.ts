import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Json, JsonObject } from '../objects/json.ts';

/** One way to one server as one user; certificates are PEM text. */
export interface KubeContext {
  readonly name: string;
  /** `https://host:port`, perhaps with a path in front of the API's own. */
  readonly server: string;
  readonly namespace: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface Kubeconfig {
  readonly path: string;
  readonly currentContext?: string;
  readonly contexts: readonly KubeContext[];
}

/** A kubeconfig is small; a larger file is something else. */
export const kubeconfigBytesMax: number = 4 << 20;

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
const asList = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];
const asText = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Entries of `clusters`, `users` or `contexts` by name; the first of a name counts, as in kubectl. */
function byName(list: Json | undefined, field: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const entry of asList(list).map(asObject)) {
    const name = asText(entry['name']);
    if (name !== undefined && !found.has(name)) found.set(name, asObject(entry[field]));
  }
  return found;
}

/** `X-data` as base64, or else the file that `X` names, relative to the kubeconfig. */
function material(entry: JsonObject, field: string, path: string): string | undefined {
  const data = asText(entry[`${field}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = asText(entry[field]);
  if (file === undefined) return undefined;
  return readFileSync(resolve(dirname(path), file), 'utf8');
}

function toContext(
  name: string,
  document: JsonObject,
  path: string,
  clusters: ReadonlyMap<string, JsonObject>,
  users: ReadonlyMap<string, JsonObject>,
): KubeContext | undefined {
  const cluster = clusters.get(asText(document['cluster']) ?? '');
  const server = asText(cluster?.['server']);
  if (cluster === undefined || server === undefined) return undefined;
  const user = users.get(asText(document['user']) ?? '') ?? {};
  const ca = material(cluster, 'certificate-authority', path);
  const certificate = material(user, 'client-certificate', path);
  const key = material(user, 'client-key', path);
  const token = asText(user['token']);
  return {
    name,
    server: server.replace(/\/+$/, ''),
    namespace: asText(document['namespace']) ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
  };
}

/**
 * Reads a kubeconfig (YAML, or JSON, which is much faster to parse). Contexts whose cluster is missing are left
 * out. Throws an Error with a reason when the text is no kubeconfig.
 */
export async function parseKubeconfig(text: string, path: string): Promise<Kubeconfig> {
  if (text.length > kubeconfigBytesMax) throw new Error('it is larger than 4 MiB');
  const document = asObject(
    text.trimStart().startsWith('{')
      ? (JSON.parse(text) as Json)
      : ((await import('yaml')).parse(text) as Json),
  );
  if (document['kind'] !== 'Config') throw new Error('it has no `kind: Config`');
  const clusters = byName(document['clusters'], 'cluster');
  const users = byName(document['users'], 'user');
  const contexts = [...byName(document['contexts'], 'context')].flatMap(
    ([name, entry]) => toContext(name, entry, path, clusters, users) ?? [],
  );
  const currentContext = asText(document['current-context']);
  return { path, contexts, ...(currentContext === undefined ? {} : { currentContext }) };
}
