import type { Placement } from './explain.ts';

const namesMax = 8;

function list(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).join(', ');
  return names.length > namesMax ? `${shown}, …` : shown;
}

/** Placements by their first reason, so that each cause is told once with the peers that it holds for. */
function byReason(placements: readonly Placement[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const { peer, reasons, summary } of placements) {
    const reason = summary ?? reasons[0] ?? '';
    groups.set(reason, [...(groups.get(reason) ?? []), peer]);
  }
  return [...groups];
}

/**
 * What keeps a slice short, by counts: `wants 10, 7 hold places; refused by TrustPolicy no-bob rule not-bob on node1,
 * node2, node3 (3); 0 busy in other slices`.
 */
export function shortageMessage(
  desired: number,
  held: number,
  placements: readonly Placement[],
): string {
  const of = (...causes: Placement['cause'][]): Placement[] =>
    placements.filter(({ cause }) => causes.includes(cause));
  const parts = [`wants ${desired}, ${held} hold places`];
  for (const [reason, peers] of byReason(of('policy', 'unsupported'))) {
    parts.push(`${reason} on ${list(peers)} (${peers.length})`);
  }
  const busy = byReason(of('busy')).map(([reason, peers]) => `${peers.length} ${reason}`);
  parts.push(busy.length === 0 ? '0 busy in other slices' : busy.slice(0, namesMax).join(', '));
  const constraints = byReason(of('constraint', 'driver'));
  for (const [reason, peers] of constraints.slice(0, namesMax)) {
    parts.push(`${reason} on ${list(peers)} (${peers.length})`);
  }
  const counted: [Placement['cause'], string][] = [
    ['excluded', 'excluded'],
    ['rank', 'below topPercent'],
    ['away', 'away'],
    ['dead', 'dead'],
    ['unknown', 'not heard of yet'],
  ];
  for (const [cause, words] of counted) {
    const peers = of(cause).map(({ peer }) => peer);
    if (peers.length > 0) parts.push(`${peers.length} ${words} (${list(peers)})`);
  }
  return parts.join('; ');
}
