import type { JsonObject } from '../objects/json.ts';

const string = (description: string): JsonObject => ({ type: 'string', description });
const time = (description: string): JsonObject => ({
  type: 'string',
  format: 'date-time',
  description,
});
const strings = (description: string): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string', default: '' },
});
const object = (
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject => ({
  type: 'object',
  description,
  properties,
  ...(required.length > 0 ? { required } : {}),
});

/** Schemas of meta/v1 that the others refer to; `prefix` is Kubernetes' name for its package. */
export function metaSchemas(prefix: string): JsonObject {
  const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${prefix}.${name}` });
  return {
    [`${prefix}.ObjectMeta`]: object('ObjectMeta is what every object has.', {
      name: string('Its name, unique for its kind and namespace.'),
      generateName: string(
        'A prefix, to which the server adds five letters when no name is given.',
      ),
      namespace: string('The namespace that it is in.'),
      labels: strings('Short words to select objects by.'),
      annotations: strings('Anything else that programs note on it.'),
      finalizers: {
        type: 'array',
        description: 'Who has to clean up before it goes.',
        items: { type: 'string', default: '' },
        'x-kubernetes-list-type': 'set',
      },
      ownerReferences: {
        type: 'array',
        description: 'The objects that it belongs to; when all of them are gone it goes too.',
        items: { allOf: [ref('OwnerReference')], default: {} },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['uid'],
      },
      uid: string('Its identity over its whole life, set by the server.'),
      resourceVersion: string('Its version at the serving peer; it means nothing elsewhere.'),
      generation: {
        type: 'integer',
        format: 'int64',
        description: 'Counts the changes of its spec, at the serving peer.',
      },
      creationTimestamp: time('When it was made.'),
      deletionTimestamp: time('When somebody asked for its deletion, while finalizers hold it.'),
    }),
    [`${prefix}.OwnerReference`]: object(
      'OwnerReference names an object that this one belongs to.',
      {
        apiVersion: string('The version of the owner.'),
        kind: string('The kind of the owner.'),
        name: string('The name of the owner.'),
        uid: string('The uid of the owner.'),
        controller: { type: 'boolean', description: 'Whether it manages this object.' },
        blockOwnerDeletion: { type: 'boolean', description: 'Accepted and not used.' },
      },
      ['apiVersion', 'kind', 'name', 'uid'],
    ),
    [`${prefix}.ListMeta`]: object('ListMeta is what every list has.', {
      resourceVersion: string('The version to watch from.'),
      continue: string('Where the next page starts.'),
      remainingItemCount: {
        type: 'integer',
        format: 'int64',
        description: 'How many objects follow.',
      },
    }),
    [`${prefix}.Patch`]: object('Patch is what changes.', {}),
    [`${prefix}.Status`]: object('Status says what became of a request.', {
      status: string('Success or Failure.'),
      message: string('Why, in a sentence for people.'),
      reason: string('Why, in one word for programs.'),
      code: { type: 'integer', format: 'int32', description: 'The HTTP code.' },
    }),
  };
}
