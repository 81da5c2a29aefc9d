import type { Json, JsonObject } from '../objects/json.ts';
import type { ApiObject } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Catalog } from '../store/catalog.ts';
import { answer, formatOf } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import { badRequest } from './errors.ts';
import { parseFieldSelector } from './field-selector.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';
import { parseLabelSelector } from './label-selector.ts';
import { parseCount, parseResourceVersion, tooNew, tooOld } from './resource-version.ts';
import { toPartial, toTable } from './table.ts';
import type { IncludedObject } from './table.ts';

/** An object as its kind's group shows it. */
export const shownBy = (kind: KindInfo, object: ApiObject): JsonObject =>
  kind.project?.(object as unknown as JsonObject) ?? (object as unknown as JsonObject);

export type Selector = (shown: JsonObject) => boolean;

/** What a query's selectors ask for, and whether they ask for anything. */
export function selectorOf(kind: KindInfo, query: URLSearchParams): Selector | undefined {
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  if (labels === '' && fields === '') return undefined;
  const byLabel = parseLabelSelector(labels);
  const byField = parseFieldSelector(kind, fields);
  return (shown) => {
    const metadata = shown['metadata'] as { readonly labels?: Record<string, string> };
    return byField(shown) && byLabel(metadata.labels ?? {});
  };
}

export function includedOf(query: URLSearchParams): IncludedObject {
  const include = query.get('includeObject') ?? 'Metadata';
  if (include === '' || include === 'Metadata') return 'Metadata';
  if (include === 'None' || include === 'Object') return include;
  throw badRequest(`includeObject: Invalid value: "${include}": None, Metadata or Object`);
}

interface Continuation {
  /** The version of the first page: a watch from there sees what the later pages already show, again. */
  readonly resourceVersion: number;
  /** `namespace/name` of the last object of the page before. */
  readonly after: string;
}

const keyOf = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const encode = ({ resourceVersion, after }: Continuation): string =>
  Buffer.from(JSON.stringify([1, resourceVersion, after])).toString('base64url');

function decode(token: string): Continuation {
  try {
    const [version, resourceVersion, after] = JSON.parse(
      Buffer.from(token.slice(0, 1024), 'base64url').toString('utf8'),
    ) as readonly Json[];
    if (version === 1 && Number.isSafeInteger(resourceVersion) && typeof after === 'string') {
      return { resourceVersion: resourceVersion as number, after };
    }
  } catch {
    // What is no JSON is no token of ours, as below.
  }
  throw badRequest('continue key is not valid; list again from the start');
}

const expiredPage = (): StatusError =>
  new StatusError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result; list again from the start',
  );

interface Page {
  readonly objects: readonly JsonObject[];
  readonly metadata: JsonObject;
}

function readPage(
  catalog: Catalog,
  kind: KindInfo,
  namespace: string | undefined,
  query: URLSearchParams,
): Page {
  const current = catalog.resourceVersion();
  const asked = parseResourceVersion(query.get('resourceVersion'));
  const token = query.get('continue') ?? '';
  if (asked !== undefined && token === '') {
    if (asked > current) throw tooNew(asked, current);
    if (query.get('resourceVersionMatch') === 'Exact' && asked !== current) throw tooOld(asked);
  }
  const selects = selectorOf(kind, query);
  const limit = parseCount(query, 'limit') ?? 0;
  let listed = catalog.list(kind.key, namespace);
  let resourceVersion = current;
  if (token !== '') {
    const continuation = decode(token);
    const at = listed.findIndex((object) => keyOf(object) === continuation.after);
    if (at < 0 || catalog.since(kind.key, continuation.resourceVersion) === 'expired')
      throw expiredPage();
    listed = listed.slice(at + 1);
    resourceVersion = continuation.resourceVersion;
  }
  const objects: JsonObject[] = [];
  for (const [index, object] of listed.entries()) {
    const shown = shownBy(kind, object);
    if (selects?.(shown) === false) continue;
    objects.push(shown);
    const rest = listed.length - index - 1;
    if (objects.length === limit && rest > 0) {
      const next = encode({ resourceVersion, after: keyOf(object) });
      return {
        objects,
        metadata: {
          resourceVersion: String(resourceVersion),
          continue: next,
          // Behind a selector the rest cannot be counted without reading it.
          ...(selects === undefined ? { remainingItemCount: rest } : {}),
        },
      };
    }
  }
  return { objects, metadata: { resourceVersion: String(resourceVersion) } };
}

/** GET of a collection: whole objects, rows or metadata, in pages when a limit is given. */
export function answerList(
  request: ApiRequest,
  catalog: Catalog,
  kind: KindInfo,
  namespace: string | undefined,
): void {
  const accepted = formatOf(request);
  const { query } = request;
  const include = includedOf(query);
  const { objects, metadata } = readPage(catalog, kind, namespace, query);
  const { version, format } = accepted;
  switch (accepted.as) {
    case 'table': {
      const options = { version, include, nowMs: Date.now(), withColumns: true };
      return answer(request, 200, toTable(kind.columns, objects, metadata, options), format);
    }
    case 'metadata': {
      const items = objects.map((object) => toPartial(object, version));
      const list = { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}` };
      return answer(request, 200, { ...list, metadata, items }, format);
    }
    case 'object': {
      const list = { kind: kind.listKind, apiVersion: apiVersionOf(kind) };
      return answer(request, 200, { ...list, metadata, items: objects }, format);
    }
    default:
      return accepted.as satisfies never;
  }
}

/** Answers with one object as the client asked to see it. */
export function answerObject(
  request: ApiRequest,
  kind: KindInfo,
  object: ApiObject,
  code = 200,
): void {
  const { as, version, format } = formatOf(request);
  const shown = shownBy(kind, object);
  if (as === 'object') return answer(request, code, shown, format);
  if (as === 'metadata') return answer(request, code, toPartial(shown, version), format);
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  const options = {
    version,
    include: includedOf(request.query),
    nowMs: Date.now(),
    withColumns: true,
  };
  return answer(request, code, toTable(kind.columns, [shown], metadata, options), format);
}
