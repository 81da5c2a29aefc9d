import type { JsonObject } from '../objects/json.ts';
import { parseAccept } from './accept.ts';
import type { ApiRequest } from './api-request.ts';
import type { KindInfo } from './kind-info.ts';
import type { KindRegistry } from './kind-registry.ts';
import type { Review } from './reviews.ts';

interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

interface Entry {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
}

const readVerbs = ['get', 'list', 'watch'];
const ownerVerbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

function toEntry(kind: KindInfo): Entry {
  const { group, version } = kind;
  const subresources: Subresource[] = [];
  if (kind.hasStatus)
    subresources.push({ name: 'status', group, version, kind: kind.kind, verbs: ['get'] });
  if (kind.scale !== undefined) {
    subresources.push({
      name: 'scale',
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
  }
  if (kind.hasLog)
    subresources.push({ name: 'log', group, version, kind: kind.kind, verbs: ['get'] });
  return { ...kind, verbs: kind.writer === 'owner' ? ownerVerbs : readVerbs, subresources };
}

const reviewEntry = (review: Review): Entry => ({
  ...review,
  namespaced: false,
  verbs: ['create'],
  shortNames: [],
  categories: [],
  subresources: [],
});

/** `v2`, `v2beta1` or `legacy`: the first form in the Accept header that exists. */
type Form = 'v2' | 'v2beta1' | 'legacy';

function formOf(request: ApiRequest): Form {
  for (const { type, parameters } of parseAccept(request.incoming.headers.accept)) {
    if (type !== 'application/json' && type !== '*/*') continue;
    const { as, g, v } = parameters as { as?: string; g?: string; v?: string };
    if (as === undefined) return 'legacy';
    if (as !== 'APIGroupDiscoveryList' || g !== 'apidiscovery.k8s.io') continue;
    if (v === 'v2' || v === 'v2beta1') return v;
  }
  return 'legacy';
}

/** The three forms of discovery: which groups, versions and kinds there are. */
export class Discovery {
  readonly #kinds: KindRegistry;
  readonly #reviews: readonly Review[];

  constructor(kinds: KindRegistry, reviews: readonly Review[]) {
    this.#kinds = kinds;
    this.#reviews = reviews;
  }

  /** Answers /api, /api/V, /apis, /apis/G and /apis/G/V; false for any other path. */
  serve(request: ApiRequest): boolean {
    const parts = request.path.split('/').filter((part) => part !== '');
    const [root, ...rest] = parts;
    const document = root === 'api' ? this.#core(request, rest) : this.#groups(request, rest);
    if (document === undefined) return false;
    const form = rest.length === 0 ? formOf(request) : 'legacy';
    const type =
      form === 'legacy'
        ? 'application/json'
        : `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`;
    const text = `${JSON.stringify(document)}\n`;
    request.response.writeHead(200, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(text),
      Vary: 'Accept',
    });
    request.response.end(text);
    return true;
  }

  #core(request: ApiRequest, [version, ...more]: readonly string[]): JsonObject | undefined {
    if (more.length > 0) return undefined;
    if (version !== undefined) return this.#resourceList('', version);
    const form = formOf(request);
    if (form !== 'legacy') return this.#aggregated(form, true);
    return {
      kind: 'APIVersions',
      apiVersion: 'v1',
      versions: ['v1'],
      serverAddressByClientCIDRs: [],
    };
  }

  #groups(
    request: ApiRequest,
    [group, version, ...more]: readonly string[],
  ): JsonObject | undefined {
    if (more.length > 0) return undefined;
    if (group !== undefined && version !== undefined) return this.#resourceList(group, version);
    const groups = [...this.#byVersion().keys()]
      .filter((name) => name !== '')
      .map((name) => this.#legacyGroup(name));
    if (group !== undefined) {
      const found = groups.find(({ name }) => name === group);
      return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...found };
    }
    const form = formOf(request);
    if (form !== 'legacy') return this.#aggregated(form, false);
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }

  #entries(): readonly Entry[] {
    return [...this.#kinds.all().map(toEntry), ...this.#reviews.map(reviewEntry)];
  }

  /** Group → version → entries, in the order in which they were added: kubectl resolves short names in it. */
  #byVersion(): Map<string, Map<string, Entry[]>> {
    const groups = new Map<string, Map<string, Entry[]>>();
    for (const entry of this.#entries()) {
      const versions = groups.get(entry.group) ?? new Map<string, Entry[]>();
      groups.set(entry.group, versions);
      versions.set(entry.version, [...(versions.get(entry.version) ?? []), entry]);
    }
    return groups;
  }

  #legacyGroup(name: string): JsonObject & { readonly name: string } {
    const versions = [...(this.#byVersion().get(name)?.keys() ?? [])].map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #resourceList(group: string, version: string): JsonObject | undefined {
    const entries = this.#byVersion().get(group)?.get(version);
    if (entries === undefined) return undefined;
    const resources = entries.flatMap((entry) => [
      {
        name: entry.plural,
        singularName: entry.singular,
        namespaced: entry.namespaced,
        kind: entry.kind,
        verbs: entry.verbs,
        ...(entry.shortNames.length > 0 ? { shortNames: entry.shortNames } : {}),
        ...(entry.categories.length > 0 ? { categories: entry.categories } : {}),
      },
      ...entry.subresources.map((sub) => ({
        name: `${entry.plural}/${sub.name}`,
        singularName: '',
        namespaced: entry.namespaced,
        group: sub.group,
        version: sub.version,
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]);
    const groupVersion = group === '' ? version : `${group}/${version}`;
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
  }

  #aggregated(form: 'v2' | 'v2beta1', isCore: boolean): JsonObject {
    const items = [...this.#byVersion()]
      .filter(([group]) => (group === '') === isCore)
      .map(([group, versions]) => ({
        metadata: { name: group, creationTimestamp: null },
        versions: [...versions].map(([version, entries]) => ({
          version,
          resources: entries.map((entry) => ({
            resource: entry.plural,
            responseKind: { group: entry.group, version: entry.version, kind: entry.kind },
            scope: entry.namespaced ? 'Namespaced' : 'Cluster',
            singularResource: entry.singular,
            verbs: entry.verbs,
            shortNames: entry.shortNames,
            categories: entry.categories,
            subresources: entry.subresources.map((sub) => ({
              subresource: sub.name,
              responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
              verbs: sub.verbs,
            })),
          })),
          freshness: 'Current',
        })),
      }));
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${form}`,
      metadata: {},
      items,
    };
  }
}
