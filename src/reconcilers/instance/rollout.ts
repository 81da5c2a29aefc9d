/** Another member of the slice, as its claim and its Instance record tell. */
export interface RolloutMember {
  readonly peer: string;
  readonly index: number;
  /** Its peer is not believed dead. */
  readonly live: boolean;
  /** Of the instance it runs; undefined while it has none. */
  readonly templateHash?: string;
  /** Ready, or finished as its restart policy wants it. */
  readonly done: boolean;
}

/**
 * A template edit replaces one instance at a time over the whole slice, and nobody conducts it. The rule, the same on
 * every member, computed from the replicated records alone:
 *
 * > The members go in the order of their index. Mine may be replaced when every Held member before me already has the
 * > new template and is Ready. A member whose peer is dead is passed over.
 *
 * So at most one running instance is voluntarily away: the first that has not the new template; all behind it see it,
 * or an earlier state of it, and wait. A record that is late makes somebody wait longer, never go earlier, because
 * Ready under the new hash is only ever written after the fact. A new template that never gets Ready stops at the
 * first member; the next edit goes on from there, since that member has nobody before it. An instance that does not
 * run takes the new template at once: there is nothing to keep up.
 *
 * Returns who must be Ready first; undefined when mine is next.
 */
export function rolloutBlocker(
  members: readonly RolloutMember[],
  me: { readonly peer: string; readonly index: number },
  templateHash: string,
): RolloutMember | undefined {
  let first: RolloutMember | undefined;
  for (const member of members) {
    if (member.peer === me.peer || !member.live || !isBefore(member, me)) continue;
    if (member.templateHash === templateHash && member.done) continue;
    if (first === undefined || isBefore(member, first)) first = member;
  }
  return first;
}

/** Two members may have one index for a moment; then the name decides, so that they do not both go. */
function isBefore(
  a: { readonly peer: string; readonly index: number },
  b: { readonly peer: string; readonly index: number },
): boolean {
  return a.index === b.index ? a.peer < b.peer : a.index < b.index;
}
