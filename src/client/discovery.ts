import { jsonText } from './json-text.ts';
import type { HttpClient } from './http-client.ts';
import type { Json, JsonObject } from '../objects/json.ts';

/** One kind as the server offers it. */
export interface ApiResource {
  /** Empty for core kinds. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
}

const accept =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonObject[]) : [];
const words = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly string[]) : [];

function toResource(group: string, version: string, entry: JsonObject): ApiResource {
  const plural = jsonText(entry['resource']);
  const kind = jsonText((entry['responseKind'] as JsonObject | undefined)?.['kind'] ?? plural);
  return {
    group,
    version,
    kind,
    plural,
    singular: jsonText(entry['singularResource']) || kind.toLowerCase(),
    shortNames: words(entry['shortNames']),
    categories: words(entry['categories']),
    namespaced: entry['scope'] === 'Namespaced',
    verbs: words(entry['verbs']),
    subresources: list(entry['subresources']).map((sub) => jsonText(sub['subresource'])),
  };
}

/** Every kind of every group, in the server's order, its own group first. */
export async function discover(client: HttpClient): Promise<readonly ApiResource[]> {
  const answers = await Promise.all(
    ['/apis', '/api'].map((path) => client.request({ path, accept })),
  );
  const found: ApiResource[] = [];
  for (const answer of answers) {
    for (const group of list((answer.body as JsonObject)['items'])) {
      const name = jsonText((group['metadata'] as JsonObject | undefined)?.['name']);
      for (const version of list(group['versions'])) {
        for (const entry of list(version['resources'])) {
          found.push(toResource(name, jsonText(version['version']), entry));
        }
      }
    }
  }
  const own = (resource: ApiResource): number => (resource.group === 'p2pcs.io' ? 0 : 1);
  return found.toSorted((a, b) => own(a) - own(b));
}

/** Finds `slices`, `slice`, `Slice`, a short name, `slices.p2pcs.io` or `slices.v1alpha1.p2pcs.io`. */
export function findResource(
  resources: readonly ApiResource[],
  word: string,
): ApiResource | undefined {
  const [name = '', ...rest] = word.toLowerCase().split('.');
  const group = rest.join('.');
  return resources.find((resource) => {
    const names = [resource.plural, resource.singular, resource.kind.toLowerCase()];
    if (![...names, ...resource.shortNames].includes(name)) return false;
    if (group === '' || group === resource.group) return true;
    return group === `${resource.version}.${resource.group}`.replace(/\.$/, '');
  });
}

/** The resource of an object's `apiVersion` and `kind`, both exact. */
export function findKind(
  resources: readonly ApiResource[],
  apiVersion: string,
  kind: string,
): ApiResource | undefined {
  return resources.find(
    (resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind,
  );
}

export const apiVersionOf = (resource: ApiResource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/** How kubectl names a kind in a line: `slice.p2pcs.io`, or `event` for core kinds. */
export const qualifiedName = (resource: ApiResource): string =>
  resource.group === '' ? resource.singular : `${resource.singular}.${resource.group}`;

/** The URL path of a kind, or of one object of it. No namespace: all of them. */
export function resourcePath(
  resource: ApiResource,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const inside =
    resource.namespaced && namespace !== undefined
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  const tail = [name, subresource].flatMap((part) =>
    part === undefined ? [] : `/${encodeURIComponent(part)}`,
  );
  return `${root}/${resource.version}${inside}/${resource.plural}${tail.join('')}`;
}
