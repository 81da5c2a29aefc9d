/** One member as the ring query tells it. */
export interface RingMember {
  readonly peer: string;
  readonly index: number;
  readonly state: string;
  readonly predecessor?: string;
  readonly successor?: string;
  readonly viewedAt?: string;
  /** With `--live`: whether it answered when it was asked. */
  readonly answered?: boolean;
  readonly silent?: boolean;
}

/** The answer of `/p2pcs/v1/ring`. */
export interface Ring {
  readonly slice: string;
  readonly namespace: string;
  readonly members: readonly RingMember[];
  /** Members whose daemon announced its stop: their places are kept, the ring closes without them. */
  readonly away?: readonly { readonly peer: string; readonly index: number }[];
  readonly closed: boolean;
  readonly problems: readonly string[];
}

/** Members in the order of the ring: along the successors from the lowest index, then whoever that walk misses. */
export function ringOrder(members: readonly RingMember[]): readonly RingMember[] {
  const byPeer = new Map(members.map((member) => [member.peer, member]));
  const rest = new Set(members.toSorted((a, b) => a.index - b.index));
  const order: RingMember[] = [];
  for (const start of rest) {
    for (let next: RingMember | undefined = start; next !== undefined && rest.delete(next);) {
      order.push(next);
      next = byPeer.get(next.successor ?? '');
    }
  }
  return order;
}

/** Who says that the two are neighbours: the first of its successor, the second of its predecessor. */
export interface Bond {
  readonly forward: boolean;
  readonly backward: boolean;
}

export const bondOf = (from: RingMember, to: RingMember): Bond => ({
  forward: from.successor === to.peer,
  backward: to.predecessor === from.peer,
});
