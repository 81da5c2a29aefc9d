import { formatAge } from '../lib/age.ts';
import { compileJsonPath } from '../lib/json-path.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import type { Column, KindInfo } from './kind-info.ts';
import { isJsonObject } from './schema.ts';
import type { Schema } from './schema.ts';

type Cell = (object: JsonObject, nowMs: number) => Json;

const column = (
  name: string,
  description: string,
  cell: Cell,
  more: Partial<Pick<Column, 'type' | 'format' | 'priority'>> = {},
): Column => ({ name, type: 'string', description, priority: 0, cell, ...more });

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const ageOf = (time: Json | undefined, nowMs: number): string => {
  const atMs = Date.parse(text(time));
  return Number.isNaN(atMs) ? '<unknown>' : formatAge(nowMs - atMs);
};
const nameOf: Cell = (object) => text(objectOf(object['metadata'])['name']);

const string = (description: string): Schema => ({ type: 'string', description });
const reference: Schema = {
  type: 'object',
  description: 'The object that it is about.',
  properties: {
    apiVersion: string('Its API version.'),
    kind: string('Its kind.'),
    name: string('Its name.'),
    namespace: string('Its namespace.'),
    uid: string('Its uid.'),
    fieldPath: string('The part of it.'),
    resourceVersion: string('Its version.'),
  },
};
const schemaOf = (
  kind: string,
  description: string,
  properties: Record<string, Schema>,
): Schema => ({
  type: 'object',
  description,
  properties: {
    apiVersion: string("The version of this object's schema."),
    kind: string(`The kind of this object, ${kind}.`),
    metadata: { type: 'object' },
    ...properties,
  },
});

const selectable = (...fields: string[]): KindInfo['selectable'] =>
  Object.fromEntries(fields.map((field) => [field, compileJsonPath(`.${field}`)!]));

const shared = {
  singular: '',
  shortNames: [],
  categories: [],
  hasStatus: false,
  hasLog: false,
  rules: {},
} as const;

const namespaceKind: KindInfo = {
  ...shared,
  key: kindKeys.namespace,
  group: '',
  version: 'v1',
  kind: 'Namespace',
  listKind: 'NamespaceList',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  writer: 'derived',
  readOnlyHint:
    "namespaces come from the owners' certificates; each owner has the namespaces that the cloud's root granted, and `default` is the first owner's",
  schema: schemaOf(
    'Namespace',
    'Namespace belongs to one owner; receivers refuse writes by others.',
    {
      status: {
        type: 'object',
        description: 'Its state.',
        properties: { phase: string('Active.') },
      },
    },
  ),
  selectable: selectable('status.phase'),
  columns: [
    column('Name', 'The name of the namespace.', nameOf, { format: 'name' }),
    column(
      'Status',
      'Its phase.',
      (object) => text(objectOf(object['status'])['phase']) || 'Active',
    ),
    column('Age', 'Time since it was granted.', (object, nowMs) =>
      ageOf(objectOf(object['metadata'])['creationTimestamp'], nowMs),
    ),
  ],
};

const lastSeen: Cell = (object, nowMs) =>
  ageOf(object['lastTimestamp'] ?? object['deprecatedLastTimestamp'] ?? object['eventTime'], nowMs);
const regarding = (object: JsonObject): JsonObject =>
  objectOf(object['involvedObject'] ?? object['regarding']);
const eventColumns: readonly Column[] = [
  column('Last Seen', 'Time since it last happened.', lastSeen),
  column('Type', 'Normal or Warning.', (object) => text(object['type'])),
  column('Reason', 'Why, in one word for programs.', (object) => text(object['reason'])),
  column('Object', 'The object that it is about.', (object) => {
    const { kind, name } = regarding(object);
    return `${text(kind).toLowerCase()}/${text(name)}`;
  }),
  column(
    'Source',
    'The peer that says so.',
    (object) =>
      [
        text(object['reportingComponent'] ?? object['reportingController']),
        text(object['reportingInstance']),
      ]
        .filter((part) => part !== '')
        .join(', '),
    { priority: 1 },
  ),
  column('Message', 'What happened.', (object) => text(object['message'] ?? object['note'])),
  column(
    'First Seen',
    'Time since it first happened.',
    (object, nowMs) => ageOf(object['firstTimestamp'] ?? object['deprecatedFirstTimestamp'], nowMs),
    { priority: 1 },
  ),
  column(
    'Count',
    'How often it happened.',
    (object) => object['count'] ?? object['deprecatedCount'] ?? 1,
    {
      type: 'integer',
      priority: 1,
    },
  ),
  column('Name', 'The name of the event.', nameOf, { priority: 1, format: 'name' }),
];

const eventShared = {
  ...shared,
  key: kindKeys.event,
  kind: 'Event',
  listKind: 'EventList',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  writer: 'peer',
  readOnlyHint: 'events are written by the peers, kept for an hour and only read',
  columns: eventColumns,
} as const;

const eventKind: KindInfo = {
  ...eventShared,
  group: '',
  version: 'v1',
  schema: schemaOf('Event', 'Event says what happened to an object, and why.', {
    involvedObject: reference,
    type: string('Normal or Warning.'),
    reason: string('Why, in one word for programs.'),
    message: string('What happened, for people.'),
    count: { type: 'integer', format: 'int32', description: 'How often it happened.' },
    firstTimestamp: string('When it first happened.'),
    lastTimestamp: string('When it last happened.'),
    reportingComponent: string('The program that says so.'),
    reportingInstance: string('The peer that says so.'),
  }),
  selectable: selectable(
    ...['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'].map(
      (field) => `involvedObject.${field}`,
    ),
    'reason',
    'type',
    'reportingComponent',
    'source.component',
  ),
};

/** events.k8s.io/v1 shows the same events under other names. */
function toEventsGroup(event: JsonObject): JsonObject {
  const { involvedObject, message, count, firstTimestamp, lastTimestamp, source, ...rest } = event;
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    eventTime: rest['eventTime'] ?? null,
    regarding: involvedObject,
    note: message,
    reportingController: rest['reportingComponent'] ?? objectOf(source)['component'],
    reportingComponent: undefined,
    action: rest['action'] ?? rest['reason'],
    deprecatedCount: count,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedSource: source,
  };
}

const eventsGroupKind: KindInfo = {
  ...eventShared,
  group: 'events.k8s.io',
  version: 'v1',
  schema: schemaOf('Event', 'Event says what happened to an object, and why.', {
    regarding: reference,
    type: string('Normal or Warning.'),
    reason: string('Why, in one word for programs.'),
    action: string('What was done.'),
    note: string('What happened, for people.'),
    eventTime: string('Unset: see deprecatedLastTimestamp.'),
    reportingController: string('The program that says so.'),
    reportingInstance: string('The peer that says so.'),
    deprecatedCount: { type: 'integer', format: 'int32', description: 'How often it happened.' },
    deprecatedFirstTimestamp: string('When it first happened.'),
    deprecatedLastTimestamp: string('When it last happened.'),
  }),
  selectable: selectable(
    ...['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'].map(
      (field) => `regarding.${field}`,
    ),
    'reason',
    'type',
    'reportingController',
  ),
  project: toEventsGroup,
};

/** Kinds of Kubernetes itself that every client expects; all are only read. */
export const builtinKinds: readonly KindInfo[] = [namespaceKind, eventKind, eventsGroupKind];
