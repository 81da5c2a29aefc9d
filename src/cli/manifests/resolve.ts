import { jsonText } from '../../client/json-text.ts';
import { CliError, ExitCode } from '../cli-error.ts';
import { apiVersionOf, findKind } from '../../client/discovery.ts';
import { nearest } from '../../lib/nearest.ts';
import type { ApiResource } from '../../client/discovery.ts';
import type { Connection } from '../connection.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { ManifestObject } from '../../client/manifest.ts';

/** An object of a manifest with its kind and namespace settled. */
export interface Resolved {
  readonly manifest: ManifestObject;
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: JsonObject;
}

export const placeOf = (manifest: ManifestObject, field?: string): string =>
  `${manifest.file}:${field === undefined ? manifest.line : manifest.lineOf(field)}`;

function unknownKind(manifest: ManifestObject, resources: readonly ApiResource[]): CliError {
  const { apiVersion, kind } = manifest.object;
  const sameKind = resources.find((resource) => resource.kind === kind);
  const meant = nearest(
    jsonText(kind),
    resources.map((resource) => resource.kind),
  );
  const help =
    sameKind === undefined
      ? meant === undefined
        ? []
        : [`did you mean kind ${meant}?`]
      : [`${sameKind.kind} is served as ${apiVersionOf(sameKind)}`];
  const place = placeOf(manifest, sameKind === undefined ? 'kind' : 'apiVersion');
  return new CliError(
    `${place}: the cloud has no kind ${jsonText(kind)} in ${jsonText(apiVersion)}`,
    ExitCode.failed,
    help,
  );
}

/** Finds the kind of every object; namespaced ones get `-n` or the context's namespace when they name none. */
export async function resolveManifests(
  connection: Connection,
  manifests: readonly ManifestObject[],
  givenNamespace: string | undefined,
): Promise<readonly Resolved[]> {
  const resources = await connection.resources();
  return manifests.map((manifest) => {
    const { object } = manifest;
    const resource = findKind(resources, jsonText(object['apiVersion']), jsonText(object['kind']));
    if (resource === undefined) throw unknownKind(manifest, resources);
    const metadata = object['metadata'] as JsonObject;
    const name = jsonText(metadata['name']);
    if (!resource.namespaced) return { manifest, resource, namespace: undefined, name, object };
    const own = metadata['namespace'];
    const namespace = jsonText(own ?? connection.namespace);
    if (givenNamespace !== undefined && namespace !== givenNamespace) {
      throw new CliError(
        `${placeOf(manifest, 'metadata.namespace')}: the object is in namespace ${namespace}, but -n says ${givenNamespace}`,
        ExitCode.wrongUse,
      );
    }
    return {
      manifest,
      resource,
      namespace,
      name,
      object: { ...object, metadata: { ...metadata, namespace } },
    };
  });
}
