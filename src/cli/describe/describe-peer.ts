import { field, manyFields, section } from './text-blocks.ts';
import type { Peer } from '../../objects/kinds/peer.ts';

/** A machine: whose it is, how it is, what it can do. */
export function describePeer({ spec, status }: Peer): readonly string[] {
  const attributes = Object.entries(status?.attributes ?? {}).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const drivers = (status?.drivers ?? []).map(({ name, healthy, message }) => [
    name,
    healthy ? 'yes' : 'no',
    message ?? '',
  ]);
  return [
    field('Owner', spec?.owner ?? '<unknown>'),
    field(
      'State',
      `${status?.state ?? 'Unknown'}${status?.startedAt ? `, daemon started ${status.startedAt}` : ''}`,
    ),
    field('Slice', status?.slice ?? '<none>'),
    field('Peer ID', spec?.peerId ?? '<unknown>'),
    ...manyFields('Addresses', spec?.addresses ?? []),
    field('Version', `${status?.version ?? '<unknown>'} (boot ${status?.boot ?? '?'})`),
    ...(attributes.length === 0 ? [] : section('Attributes', attributes)),
    ...(drivers.length === 0
      ? []
      : section('Drivers', [['NAME', 'HEALTHY', 'MESSAGE'], ...drivers])),
  ];
}
