import { field, indent, section } from './text-blocks.ts';
import { fieldTree } from './field-tree.ts';
import type { Colour, Terminal } from '../terminal.ts';
import type { Json } from '../../objects/json.ts';
import type { MemberState, Slice } from '../../objects/kinds/slice.ts';

const colours: Readonly<Record<MemberState, Colour>> = {
  Held: 'yellow',
  Running: 'yellow',
  Ready: 'green',
  Away: 'yellow',
  Leaving: 'dim',
  Failed: 'red',
  Succeeded: 'green',
};

/** A wish and what has come of it. */
export function describeSlice({ spec = {}, status }: Slice, terminal: Terminal): readonly string[] {
  const { size, percent, template, exclude, where, rank } = spec;
  const wish = size === undefined ? `${percent ?? '?'} percent of the live peers` : `${size} peers`;
  const counts =
    status === undefined
      ? 'not judged yet'
      : `${status.desiredMembers} wanted, ${status.heldMembers} held, ${status.readyMembers} ready`;
  const members = (status?.members ?? [])
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, peer, state, instance }) => [
      String(index),
      peer,
      terminal.paint(colours[state] ?? 'yellow', state),
      instance ?? '',
    ]);
  return [
    field('Wish', wish),
    ...(exclude === undefined || exclude.length === 0
      ? []
      : [field('Exclude', exclude.join(', '))]),
    ...(where === undefined ? [] : ['Where:', indent(fieldTree(where as Json))]),
    ...(rank === undefined ? [] : ['Rank:', indent(fieldTree(rank as Json))]),
    ...(template === undefined
      ? [field('Template', '<none>: the peers are reserved')]
      : ['Template:', indent(fieldTree(template.spec as unknown as Json))]),
    field('Members', counts),
    ...(members.length === 0
      ? []
      : [...section('Places', [['INDEX', 'PEER', 'STATE', 'INSTANCE'], ...members])]),
  ];
}
