import { nearest } from '../lib/nearest.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Connection } from './connection.ts';
import type { Json, JsonObject } from '../objects/json.ts';

/** A node of an OpenAPI v3 schema, the part that people read. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly JsonObject[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

/** The schemas of one group and version. */
export class OpenApi {
  readonly #schemas: Readonly<Record<string, Schema>>;

  constructor(document: JsonObject) {
    const components = (document['components'] ?? {}) as JsonObject;
    this.#schemas = (components['schemas'] ?? {}) as unknown as Record<string, Schema>;
  }

  /** The schema of a kind. */
  kind(resource: ApiResource): Schema | undefined {
    return Object.values(this.#schemas).find((schema) =>
      (schema['x-kubernetes-group-version-kind'] ?? []).some(
        ({ group, version, kind }) =>
          (group ?? '') === resource.group &&
          version === resource.version &&
          kind === resource.kind,
      ),
    );
  }

  /** Follows `$ref` and a single `allOf`, keeping the description that stands nearest. */
  resolve(schema: Schema): Schema {
    let found = schema;
    for (let hops = 0; hops < 8; hops++) {
      const next = found.$ref ?? found.allOf?.[0]?.$ref;
      if (next === undefined) return found;
      const { $ref: _, allOf: __, ...own } = found;
      found = { ...this.#schemas[next.split('/').at(-1)!], ...own };
    }
    return found;
  }

  /** The schema that holds the fields of a value: an object's own, or the items' of a list or map. */
  fieldsOf(schema: Schema): Readonly<Record<string, Schema>> {
    const found = this.resolve(schema);
    if (found.properties !== undefined) return found.properties;
    if (found.items !== undefined) return this.fieldsOf(found.items);
    const { additionalProperties: values } = found;
    return typeof values === 'object' ? this.fieldsOf(values) : {};
  }
}

export async function readOpenApi(connection: Connection, resource: ApiResource): Promise<OpenApi> {
  const index = (await connection.client.json('/openapi/v3')) as {
    paths?: Record<string, { serverRelativeURL: string }>;
  };
  const group = resource.group === '' ? 'api' : `apis/${resource.group}`;
  const entry = index.paths?.[`${group}/${resource.version}`];
  if (entry === undefined)
    throw new Error(`the peer has no schemas of ${group}/${resource.version}`);
  const url = new URL(entry.serverRelativeURL, 'https://localhost');
  return new OpenApi(
    await connection.client.json(url.pathname, Object.fromEntries(url.searchParams)),
  );
}

/** The field that was most likely meant by an unknown one such as `spec.sise`, as a whole path. */
export async function nearestField(
  connection: Connection,
  resource: ApiResource,
  field: string,
): Promise<string | undefined> {
  const api = await readOpenApi(connection, resource);
  const kind = api.kind(resource);
  if (kind === undefined) return undefined;
  const path = field.split('.');
  let fields = api.fieldsOf(kind);
  for (const name of path.slice(0, -1)) {
    const next = fields[name.replace(/\[.*$/, '')];
    if (next === undefined) return undefined;
    fields = api.fieldsOf(next);
  }
  const meant = nearest(path.at(-1)!, Object.keys(fields));
  return meant === undefined ? undefined : [...path.slice(0, -1), meant].join('.');
}
