import { describePeer } from './describe-peer.ts';
import { describeSlice } from './describe-slice.ts';
import { eventAge } from '../events.ts';
import { field, indent, manyFields, section } from './text-blocks.ts';
import { fieldTree } from './field-tree.ts';
import type { ApiObject } from '../../objects/object.ts';
import type { Condition } from '../../objects/condition.ts';
import type { CoreEvent } from '../events.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { Peer } from '../../objects/kinds/peer.ts';
import type { Slice } from '../../objects/kinds/slice.ts';
import type { Terminal } from '../terminal.ts';

const pairs = (map: Readonly<Record<string, string>> | undefined): readonly string[] =>
  Object.entries(map ?? {}).map(([name, value]) => `${name}=${value}`);

/** Annotations without the copy of the whole manifest that apply keeps there. */
function head(object: ApiObject): readonly string[] {
  const { metadata } = object;
  const annotations = pairs(metadata.annotations).filter(
    (pair) => !pair.startsWith('kubectl.kubernetes.io/last-applied-configuration='),
  );
  return [
    field('Name', metadata.name),
    ...(metadata.namespace === undefined ? [] : [field('Namespace', metadata.namespace)]),
    ...manyFields('Labels', pairs(metadata.labels)),
    ...manyFields('Annotations', annotations),
    field('Kind', `${object.kind} (${object.apiVersion})`),
    field('Created', metadata.creationTimestamp),
    ...(metadata.deletionTimestamp === undefined
      ? []
      : [field('Deleting', `since ${metadata.deletionTimestamp}`)]),
  ];
}

function conditionLines(object: ApiObject, terminal: Terminal): readonly string[] {
  const conditions = ((object.status as JsonObject | undefined)?.['conditions'] ??
    []) as readonly unknown[];
  if (conditions.length === 0) return [];
  const rows = (conditions as readonly Condition[]).map(({ type, status, reason, message }) => [
    type,
    status === 'True' ? terminal.paint('green', status) : terminal.paint('yellow', status),
    reason,
    message,
  ]);
  return section('Conditions', [['TYPE', 'STATUS', 'REASON', 'MESSAGE'], ...rows]);
}

function eventLines(events: readonly CoreEvent[] | undefined): readonly string[] {
  if (events === undefined) return [];
  if (events.length === 0) return [field('Events', '<none>')];
  const rows = events.map((event) => [
    eventAge(event),
    event.type,
    event.reason,
    (event.count ?? 1) > 1 ? `${event.message} (${event.count} times)` : event.message,
  ]);
  return section('Events', [['LAST SEEN', 'TYPE', 'REASON', 'MESSAGE'], ...rows]);
}

/** Everything else of an object of any kind, as a tree of fields. */
function generic(object: ApiObject): readonly string[] {
  const { conditions: _, ...status } = (object.status ?? {}) as JsonObject;
  return [
    ...(object.spec === undefined ? [] : ['Spec:', indent(fieldTree(object.spec as Json))]),
    ...(Object.keys(status).length === 0 ? [] : ['Status:', indent(fieldTree(status))]),
  ];
}

function body(object: ApiObject, terminal: Terminal): readonly string[] {
  if (object.apiVersion.startsWith('p2pcs.io/')) {
    if (object.kind === 'Slice') return describeSlice(object as unknown as Slice, terminal);
    if (object.kind === 'Peer') return describePeer(object as unknown as Peer);
  }
  return generic(object);
}

/** All about one object, for people. */
export function describeObject(
  object: ApiObject,
  events: readonly CoreEvent[] | undefined,
  terminal: Terminal,
): string {
  const lines = [
    ...head(object),
    ...body(object, terminal),
    ...conditionLines(object, terminal),
    ...eventLines(events),
  ];
  return `${lines.join('\n')}\n`;
}
