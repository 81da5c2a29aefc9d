import { createHash } from 'node:crypto';

import type { JsonObject } from '../objects/json.ts';
import { answerText } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';
import type { KindRegistry } from './kind-registry.ts';
import { metaSchemas } from './openapi-meta.ts';

const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** `p2pcs.io` → `io.p2pcs.v1alpha1.Slice`, as Kubernetes names the schemas of CRDs. */
function schemaName({
  group,
  version,
  kind,
}: Pick<KindInfo, 'group' | 'version' | 'kind'>): string {
  if (group === '') return `io.k8s.api.core.${version}.${kind}`;
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}

const parameter = (name: string, description: string, type: string): JsonObject => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
});
const writeParameters = [
  parameter('dryRun', 'With the value All nothing is stored.', 'string'),
  parameter('fieldManager', 'The name of the program that writes.', 'string'),
  // kubectl leaves validation to the server only where it finds this one.
  parameter('fieldValidation', 'What happens to unknown fields: Strict, Warn or Ignore.', 'string'),
];
const listParameters = [
  parameter('allowWatchBookmarks', 'A watch is told from time to time how far it is.', 'boolean'),
  parameter('continue', 'Where the page before ended.', 'string'),
  parameter('fieldSelector', 'Which objects, by their fields.', 'string'),
  parameter('labelSelector', 'Which objects, by their labels.', 'string'),
  parameter('limit', 'How many objects a page has at most.', 'integer'),
  parameter('resourceVersion', 'From which version on.', 'string'),
  parameter('resourceVersionMatch', 'How the version is meant.', 'string'),
  parameter('sendInitialEvents', 'A watch starts with what there is.', 'boolean'),
  parameter('timeoutSeconds', 'How long a watch lasts.', 'integer'),
  parameter('watch', 'Changes instead of a list.', 'boolean'),
];
const pathParameter = (name: string): JsonObject => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json'];

function pathsOf(kind: KindInfo): Record<string, JsonObject> {
  const { group, version, plural, namespaced } = kind;
  const gvk = { group, version, kind: kind.kind };
  const one = ref(schemaName(kind));
  const many = ref(`${schemaName(kind)}List`);
  const operation = (
    action: string,
    parameters: readonly JsonObject[],
    answers: JsonObject,
    body?: JsonObject,
  ): JsonObject => ({
    operationId: `${action}${kind.kind}`,
    parameters,
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: {
      '200': { description: 'OK', content: { 'application/json': { schema: answers } } },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  });
  const json = { 'application/json': { schema: one } };
  const patch = Object.fromEntries(
    patchTypes.map((type) => [type, { schema: ref(`${metaPrefix}.Patch`) }]),
  );
  const root = group === '' ? '/api' : `/apis/${group}`;
  const collection = `${root}/${version}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const inside = namespaced ? [pathParameter('namespace')] : [];
  return {
    [collection]: {
      parameters: inside,
      get: operation('list', listParameters, many),
      post: operation('post', writeParameters, one, json),
    },
    [`${collection}/{name}`]: {
      parameters: [...inside, pathParameter('name')],
      get: operation('get', [], one),
      put: operation('put', writeParameters, one, json),
      patch: operation('patch', writeParameters, one, patch),
      delete: operation('delete', [writeParameters[0]!], ref(`${metaPrefix}.Status`)),
    },
  };
}

function schemasOf(kind: KindInfo): Record<string, JsonObject> {
  const { group, version, listKind } = kind;
  const name = schemaName(kind);
  const schema = kind.schema as unknown as JsonObject;
  const metadata = {
    description:
      'Standard metadata: name, namespace, labels, annotations and what the server sets.',
    allOf: [ref(`${metaPrefix}.ObjectMeta`)],
    default: {},
  };
  const properties = { ...(schema['properties'] as JsonObject), metadata };
  return {
    [name]: {
      ...schema,
      properties,
      'x-kubernetes-group-version-kind': [{ group, version, kind: kind.kind }],
    },
    [`${name}List`]: {
      type: 'object',
      description: `${listKind} is a list of ${kind.kind}`,
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', description: 'The version of this list.' },
        kind: { type: 'string', description: 'The kind of this list.' },
        metadata: {
          description: 'Standard list metadata.',
          allOf: [ref(`${metaPrefix}.ListMeta`)],
          default: {},
        },
        items: { type: 'array', description: 'The objects.', items: ref(name) },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    },
  };
}

interface Document {
  readonly text: string;
  readonly hash: string;
}

const protobufV2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const yearSeconds = 31_536_000;

/** OpenAPI v3 of every group and version, made when first asked for and again when a kind is added. */
export class OpenApi {
  readonly #kinds: KindRegistry;
  readonly #version: string;
  #documents = new Map<string, Document>();
  #revision = -1;

  constructor(kinds: KindRegistry, version: string) {
    this.#kinds = kinds;
    this.#version = version;
  }

  /** Answers /openapi/v2, /openapi/v3 and what is below it; false for any other path. */
  serve(request: ApiRequest): boolean {
    const { path, response } = request;
    if (path === '/openapi/v2') {
      // kubectl asks for protobuf only and is content with an empty document, since version 3 is there.
      response.writeHead(200, { 'Content-Type': protobufV2, 'Content-Length': 0 });
      response.end();
      return true;
    }
    const documents = this.#all();
    if (path === '/openapi/v3') {
      const paths = Object.fromEntries(
        [...documents].map(([name, { hash }]) => [
          name,
          { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` },
        ]),
      );
      const text = JSON.stringify({ paths });
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      });
      response.end(text);
      return true;
    }
    if (!path.startsWith('/openapi/v3/')) return false;
    const name = path.slice('/openapi/v3/'.length);
    const document = documents.get(name);
    if (document === undefined) answerText(response, 404, '404 page not found\n');
    else this.#answer(request, name, document);
    return true;
  }

  #answer({ query, incoming, response }: ApiRequest, name: string, { text, hash }: Document): void {
    const asked = query.get('hash');
    if (asked !== null && asked !== hash) {
      response.writeHead(301, {
        Location: `/openapi/v3/${name}?hash=${hash}`,
        'Content-Length': 0,
      });
      response.end();
      return;
    }
    const etag = `"${hash}"`;
    response.setHeader('Etag', etag);
    response.setHeader('Vary', 'Accept');
    if (asked === null) response.setHeader('Cache-Control', 'no-cache, private');
    else {
      response.setHeader('Cache-Control', 'public, immutable');
      response.setHeader('Expires', new Date(Date.now() + yearSeconds * 1000).toUTCString());
    }
    if (incoming.headers['if-none-match'] === etag) {
      response.writeHead(304);
      response.end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  }

  #all(): ReadonlyMap<string, Document> {
    if (this.#revision === this.#kinds.revision) return this.#documents;
    const groups = new Map<string, KindInfo[]>();
    for (const kind of this.#kinds.all()) {
      const name = kind.group === '' ? `api/${kind.version}` : `apis/${apiVersionOf(kind)}`;
      groups.set(name, [...(groups.get(name) ?? []), kind]);
    }
    this.#documents = new Map([...groups].map(([name, kinds]) => [name, this.#make(kinds)]));
    this.#revision = this.#kinds.revision;
    return this.#documents;
  }

  #make(kinds: readonly KindInfo[]): Document {
    const schemas = Object.assign({}, ...kinds.map(schemasOf)) as JsonObject;
    const text = JSON.stringify({
      openapi: '3.0.0',
      info: { title: 'P2PCS', version: this.#version },
      paths: Object.assign({}, ...kinds.map(pathsOf)) as JsonObject,
      components: { schemas: { ...schemas, ...metaSchemas(metaPrefix) } },
    });
    return { text, hash: createHash('sha256').update(text).digest('hex').toUpperCase() };
  }
}
