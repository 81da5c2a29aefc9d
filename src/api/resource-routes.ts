import type { Json, JsonObject } from '../objects/json.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Backend } from './backend.ts';
import type { FieldValidation } from './admission.ts';
import { answer, bodyOf, formatOf, setWarnings } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import { mediaTypeOf } from './body.ts';
import { badRequest, notAllowed } from './errors.ts';
import type { KindInfo, ScalePaths } from './kind-info.ts';
import type { KindRegistry } from './kind-registry.ts';
import { answerLog } from './log.ts';
import { answerList, answerObject, includedOf } from './list.ts';
import { mergePatch, patchTypeOf } from './patch.ts';
import { parseFlag } from './resource-version.ts';
import type { Place, Resources, WriteOptions } from './resources.ts';
import { scaleColumns, toScale, withScale } from './scale.ts';
import { isJsonList, isJsonObject } from './schema.ts';
import { toTable } from './table.ts';
import type { Watches } from './watch.ts';

interface Target {
  readonly kind: KindInfo;
  /** Undefined: all namespaces, or the kind has none. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const noResource = (): StatusError =>
  new StatusError('NotFound', 'the server could not find the requested resource');
const noMethod = (): StatusError =>
  new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );

function dryRunOf(values: readonly string[]): boolean {
  const [first] = values;
  if (first === undefined || first === '') return false;
  if (values.every((value) => value === 'All')) return true;
  throw badRequest(`dryRun: Unsupported value: "${first}": supported values: "All"`);
}

function writeOptions(query: URLSearchParams): WriteOptions {
  const fieldValidation = query.get('fieldValidation') ?? 'Warn';
  if (!['Strict', 'Warn', 'Ignore', ''].includes(fieldValidation)) {
    throw badRequest(
      `fieldValidation: Unsupported value: "${fieldValidation}": supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    dryRun: dryRunOf(query.getAll('dryRun')),
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
  };
}

async function needBody(request: ApiRequest): Promise<Json> {
  const body = await bodyOf(request);
  if (body === undefined) throw badRequest('the body is empty');
  return body;
}

/** Paths below /api/V and /apis/G/V: collections, objects and their subresources. */
export class ResourceRoutes {
  readonly #backend: Backend;
  readonly #kinds: KindRegistry;
  readonly #resources: Resources;
  readonly #watches: Watches;

  constructor(components: {
    backend: Backend;
    kinds: KindRegistry;
    resources: Resources;
    watches: Watches;
  }) {
    this.#backend = components.backend;
    this.#kinds = components.kinds;
    this.#resources = components.resources;
    this.#watches = components.watches;
  }

  async serve(request: ApiRequest): Promise<void> {
    const target = this.#targetOf(request.path);
    if (target === undefined) throw noResource();
    if (target.name === undefined) return this.#collection(request, target);
    const { kind, name, subresource } = target;
    const place: Place = { kind, namespace: target.namespace ?? '', name };
    if (kind.namespaced && target.namespace === undefined) throw noResource();
    switch (subresource) {
      case undefined:
        return this.#object(request, place);
      case 'status':
        return this.#status(request, place);
      case 'scale':
        if (kind.scale === undefined) throw noResource();
        return this.#scale(request, place, kind.scale);
      case 'log':
        if (!kind.hasLog) throw noResource();
        if (request.method !== 'GET') throw noMethod();
        await this.#resources.get(request.identity, place);
        return answerLog(request, this.#backend, place);
      default:
        throw noResource();
    }
  }

  #targetOf(path: string): Target | undefined {
    let parts: string[];
    try {
      parts = path.split('/').slice(1).map(decodeURIComponent);
    } catch {
      return undefined;
    }
    if (parts.at(-1) === '') parts.pop();
    const [root, ...after] = parts;
    const group = root === 'apis' ? after.shift() : '';
    const version = after.shift();
    if (group === undefined || version === undefined) return undefined;
    const isInside =
      after[0] === 'namespaces' && after.length > 2 && !['status', 'finalize'].includes(after[2]!);
    const namespace = isInside ? after[1] : undefined;
    const [plural = '', name, subresource, ...more] = isInside ? after.slice(2) : after;
    const kind = this.#kinds.find(group, version, plural);
    if (kind === undefined || more.length > 0) return undefined;
    if (namespace !== undefined && !kind.namespaced) return undefined;
    return { kind, namespace, name, subresource };
  }

  async #collection(request: ApiRequest, { kind, namespace }: Target): Promise<void> {
    const { method, query, identity } = request;
    if (method === 'GET') {
      const isWatch = parseFlag(query, 'watch');
      await this.#backend.authorize(
        identity,
        isWatch ? 'watch' : 'list',
        kind.key,
        namespace ?? '',
      );
      await this.#backend.refresh(kind.key);
      if (isWatch) return this.#watches.serve(request, kind, namespace);
      return answerList(request, this.#backend.catalog, kind, namespace);
    }
    if (method === 'DELETE') {
      throw new StatusError(
        'MethodNotAllowed',
        `delete the ${kind.plural} one by one: whole collections are not deleted by one request`,
      );
    }
    if (method !== 'POST') throw noMethod();
    if (kind.writer !== 'owner') throw notAllowed(kind);
    if (kind.namespaced && namespace === undefined)
      throw badRequest(`a ${kind.kind} is created in a namespace`);
    const options = writeOptions(query);
    const written = await this.#resources.create(
      identity,
      kind,
      namespace ?? '',
      await needBody(request),
      options,
    );
    setWarnings(request, written.warnings);
    answerObject(request, kind, written.object, 201);
  }

  async #object(request: ApiRequest, place: Place): Promise<void> {
    const { method, query, identity } = request;
    switch (method) {
      case 'GET': {
        if (parseFlag(query, 'watch')) {
          query.set('fieldSelector', `metadata.name=${place.name}`);
          await this.#backend.authorize(
            identity,
            'watch',
            place.kind.key,
            place.namespace,
            place.name,
          );
          return this.#watches.serve(
            request,
            place.kind,
            place.kind.namespaced ? place.namespace : undefined,
          );
        }
        return answerObject(request, place.kind, await this.#resources.get(identity, place));
      }
      case 'PUT':
      case 'PATCH': {
        if (place.kind.writer !== 'owner') throw notAllowed(place.kind);
        const options = writeOptions(query);
        const type =
          method === 'PATCH' ? patchTypeOf(place.kind, mediaTypeOf(request.incoming)) : undefined;
        const body = await needBody(request);
        const written =
          type === undefined
            ? await this.#resources.update(identity, place, body, options)
            : await this.#resources.patch(identity, place, type, body, options);
        setWarnings(request, written.warnings);
        return answerObject(request, place.kind, written.object);
      }
      case 'DELETE':
        return this.#delete(request, place);
      default:
        throw noMethod();
    }
  }

  async #delete(request: ApiRequest, place: Place): Promise<void> {
    const { query, identity } = request;
    const { kind, name } = place;
    const body = (await bodyOf(request)) ?? {};
    if (!isJsonObject(body)) throw badRequest('the body is no DeleteOptions');
    const preconditions = isJsonObject(body['preconditions']) ? body['preconditions'] : {};
    const { uid, resourceVersion } = preconditions;
    const propagation = body['propagationPolicy'] ?? query.get('propagationPolicy') ?? 'Background';
    const warnings: string[] = [];
    if (propagation === 'Orphan') {
      throw badRequest(
        'propagationPolicy: Unsupported value: "Orphan": what belongs to an object goes with it',
      );
    }
    if (propagation === 'Foreground') {
      warnings.push(
        'what belongs to the object goes after it, on each peer: Foreground is taken as Background',
      );
    }
    const inBody = isJsonList(body['dryRun']) ? body['dryRun'].map(String) : [];
    const removed = await this.#resources.remove(identity, place, {
      dryRun: dryRunOf([...query.getAll('dryRun'), ...inBody]),
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    });
    setWarnings(request, [...warnings, ...removed.warnings]);
    if (!removed.gone) return answerObject(request, kind, removed.object);
    const details = {
      name,
      group: kind.group,
      kind: kind.plural,
      uid: removed.object.metadata.uid,
    };
    answer(request, 200, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details,
    });
  }

  async #status(request: ApiRequest, place: Place): Promise<void> {
    const { kind } = place;
    if (!kind.hasStatus) throw noResource();
    if (request.method !== 'GET') {
      const why =
        kind.writer === 'owner'
          ? `the status of a ${kind.kind} is computed by each peer and only read`
          : kind.readOnlyHint;
      throw new StatusError('MethodNotAllowed', why);
    }
    answerObject(request, kind, await this.#resources.get(request.identity, place));
  }

  async #scale(request: ApiRequest, place: Place, paths: ScalePaths): Promise<void> {
    const { method, query, identity } = request;
    const { kind } = place;
    const show = (scale: JsonObject): void => {
      const { as, version, format } = formatOf(request);
      if (as !== 'table') return answer(request, 200, scale, format);
      const options = { version, include: includedOf(query), nowMs: Date.now(), withColumns: true };
      const { resourceVersion } = scale['metadata'] as JsonObject;
      return answer(
        request,
        200,
        toTable(scaleColumns, [scale], { resourceVersion }, options),
        format,
      );
    };
    if (method === 'GET')
      return show(toScale(kind, paths, await this.#resources.get(identity, place)));
    if (method !== 'PUT' && method !== 'PATCH') throw noMethod();
    const options = { ...writeOptions(query), fieldValidation: 'Ignore' as const };
    const type = method === 'PATCH' ? patchTypeOf(kind, mediaTypeOf(request.incoming)) : undefined;
    if (type === 'json')
      throw new StatusError('UnsupportedMediaType', 'scale takes application/merge-patch+json');
    const body = await needBody(request);
    const verb = method === 'PATCH' ? 'patch' : 'update';
    const written = await this.#resources.change(identity, place, verb, options, (current) => {
      const { resourceVersion: _local, ...metadata } = toScale(kind, paths, current)[
        'metadata'
      ] as Record<string, Json>;
      const scale =
        type === undefined
          ? body
          : mergePatch({ ...toScale(kind, paths, current), metadata }, body);
      return withScale(kind, paths, current, scale);
    });
    setWarnings(request, written.warnings);
    return show(toScale(kind, paths, written.object));
  }
}
