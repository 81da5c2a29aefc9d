import type { Json, JsonObject } from '../objects/json.ts';
import type { ApiObject } from '../objects/object.ts';
import { badRequest } from './errors.ts';
import type { Column, KindInfo, ScalePaths } from './kind-info.ts';
import { mergePatch } from './patch.ts';
import { isJsonObject } from './schema.ts';

const metadataOf = (scale: JsonObject): JsonObject =>
  (scale['metadata'] as JsonObject | undefined) ?? {};
const at = (scale: JsonObject, part: 'spec' | 'status'): JsonObject =>
  (scale[part] as JsonObject | undefined) ?? {};

function read(object: JsonObject, path: readonly string[]): Json | undefined {
  let here: Json | undefined = object;
  for (const name of path) here = isJsonObject(here) ? here[name] : undefined;
  return here;
}

/** autoscaling/v1 Scale of an object, by its CRD's three paths. */
export function toScale(kind: KindInfo, paths: ScalePaths, object: ApiObject): JsonObject {
  const whole = object as unknown as JsonObject;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector?.(whole)[0];
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: kind.rules.scaleReplicas?.(whole) ?? read(whole, paths.spec) ?? 0 },
    status: {
      replicas: paths.status(whole)[0] ?? 0,
      ...(selector === undefined ? {} : { selector }),
    },
  };
}

/** The object with the number of a Scale that a client wrote, refused where the kind says so. Throws 400. */
export function withScale(kind: KindInfo, paths: ScalePaths, object: ApiObject, scale: Json): Json {
  const whole = object as unknown as JsonObject;
  const refusal = kind.rules.scaleRefusal?.(whole);
  if (refusal !== undefined) throw badRequest(refusal);
  if (!isJsonObject(scale) || !isJsonObject(scale['spec'] ?? {})) {
    throw badRequest('the body is no Scale of autoscaling/v1');
  }
  const replicas = at(scale, 'spec')['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest('spec.replicas: Invalid value: it is a whole number');
  }
  const { resourceVersion, uid } = metadataOf(scale);
  const change = paths.spec.reduceRight<Json>((inner, name) => ({ [name]: inner }), replicas);
  const metadata = { ...(object.metadata as unknown as JsonObject), resourceVersion, uid };
  return mergePatch({ ...whole, metadata }, change);
}

/** Columns of a Scale. */
export const scaleColumns: readonly Column[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'The name of the object.',
    priority: 0,
    cell: (scale) => metadataOf(scale)['name'] ?? null,
  },
  {
    name: 'Desired',
    type: 'integer',
    description: 'How many are wished.',
    priority: 0,
    cell: (scale) => at(scale, 'spec')['replicas'] ?? null,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'How many there are.',
    priority: 0,
    cell: (scale) => at(scale, 'status')['replicas'] ?? null,
  },
];
