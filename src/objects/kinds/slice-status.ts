import type { ClaimSpec } from './claim.ts';
import type { Condition } from '../condition.ts';
import type { Instance } from './instance.ts';
import type { MemberState, SliceMember, SliceSpec, SliceStatus } from './slice.ts';
import type { PeerId } from '../ids.ts';

/** What the failure detector says of a peer. */
interface PeerLiveness {
  readonly boot: number;
  readonly state: 'alive' | 'suspect' | 'away' | 'dead';
}

export interface SliceStatusInput {
  /** How many members the slice wants. */
  readonly desired: number;
  /** All known claims of this slice, in any order. */
  readonly claims: readonly ClaimSpec[];
  /** Instances; those of other slices are ignored. */
  readonly instances: readonly Instance[];
  livenessOf(peer: PeerId): PeerLiveness | undefined;
  /** Who could still come, and what to say if they are too few; asked for only when places are open. */
  candidates(): { readonly count: number; readonly shortage: string };
  /** The conditions that were derived before; their transition times last. */
  readonly previous: readonly Condition[];
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Hash of the current template: instances of another one are being replaced. */
  readonly templateHash?: string;
  readonly observedGeneration?: number;
}

interface SliceSubject {
  readonly name: string;
  readonly spec: SliceSpec;
  readonly specHash: string;
  readonly deleting: boolean;
}

interface Found {
  readonly member: SliceMember;
  readonly outdated: boolean;
}

/** One claim a peer, whatever order the records came in. */
function newestByPeer(claims: readonly ClaimSpec[]): Iterable<ClaimSpec> {
  const newest = new Map<PeerId, ClaimSpec>();
  for (const claim of claims) {
    const known = newest.get(claim.peerId);
    const newer = known === undefined || claim.boot - known.boot || claim.revision - known.revision;
    if (newer === true || Number(newer) > 0) newest.set(claim.peerId, claim);
  }
  return newest.values();
}

function workState(slice: SliceSubject, instance: Instance | undefined): MemberState {
  if (slice.spec.template === undefined) return 'Ready';
  switch (instance?.status?.state) {
    case 'Running':
      return instance.status.ready ? 'Ready' : 'Running';
    case 'Succeeded':
    case 'Failed':
      return instance.status.state;
    default:
      return 'Held';
  }
}

/** Held claims of peers that live, or whose daemon announced its stop. */
function findMembers(slice: SliceSubject, input: SliceStatusInput): readonly Found[] {
  const found: Found[] = [];
  for (const claim of newestByPeer(input.claims)) {
    const view = input.livenessOf(claim.peerId);
    if (claim.state !== 'Held' || view === undefined || view.state === 'dead') continue;
    if (claim.boot < view.boot) continue;
    const instance = input.instances.find(
      ({ spec }) => spec?.slice.uid === claim.slice.uid && spec.peerId === claim.peerId,
    );
    let state = workState(slice, instance);
    if (claim.leaving === true) state = 'Leaving';
    if (view.state === 'away' && claim.boot === view.boot) state = 'Away';
    const hash = instance?.spec?.templateHash;
    found.push({
      member: {
        peer: claim.peer,
        state,
        index: claim.index ?? 0,
        ...(instance === undefined ? {} : { instance: instance.metadata.name }),
      },
      outdated:
        input.templateHash !== undefined && hash !== undefined && hash !== input.templateHash,
    });
  }
  found.sort((a, b) => a.member.index - b.member.index || (a.member.peer < b.member.peer ? -1 : 1));
  return found;
}

interface Finding {
  readonly ready: boolean;
  readonly reconciling: boolean;
  readonly reason: string;
  readonly message: string;
}

function judge(slice: SliceSubject, input: SliceStatusInput, found: readonly Found[]): Finding {
  const { desired } = input;
  const count = (...states: MemberState[]): number =>
    found.filter(({ member }) => states.includes(member.state)).length;
  const ready = count('Ready');
  const held = found.length - count('Away');
  const busy = { ready: false, reconciling: true };
  if (slice.deleting) {
    return { ...busy, reason: 'Terminating', message: `${found.length} members are leaving` };
  }
  if (held > desired) {
    const message = `wants ${desired}, ${held} hold places; the junior ones are leaving`;
    return { ...busy, reason: 'Surplus', message };
  }
  if (held < desired) {
    const { count: coming, shortage } = input.candidates();
    if (coming < desired - held) {
      return { ready: false, reconciling: coming > 0, reason: 'Shortage', message: shortage };
    }
    const away = count('Away');
    const note = away === 0 ? '' : `; ${away} away, whose places are kept for their return`;
    const message = `wants ${desired}, ${held} hold places, ${coming} may come${note}`;
    return { ...busy, reason: away > 0 ? 'Away' : 'Filling', message };
  }
  if (ready === desired) {
    const outdated = found.filter((one) => one.outdated).length;
    const message =
      slice.spec.template === undefined
        ? `${ready} of ${desired} places are reserved; without a template nothing runs`
        : `${ready} of ${desired} members are ready`;
    const rest = outdated === 0 ? '' : `; ${outdated} still run the template before`;
    return { ready: true, reconciling: outdated > 0, reason: 'Ready', message: message + rest };
  }
  return judgeWork(found, ready, desired);
}

/** All places are held; what runs in them is not all ready. */
function judgeWork(found: readonly Found[], ready: number, desired: number): Finding {
  const of = (state: MemberState): string[] =>
    found.filter(({ member }) => member.state === state).map(({ member }) => member.peer);
  const say = (text: string): string => `${ready} of ${desired} members are ready; ${text}`;
  const [failed, succeeded, leaving] = [of('Failed'), of('Succeeded'), of('Leaving')];
  if (failed.length > 0) {
    const message = say(`failed on ${failed.join(', ')}`);
    return { ready: false, reconciling: false, reason: 'Failed', message };
  }
  if (succeeded.length === desired - ready) {
    const message = say(`${succeeded.length} have ended with success`);
    return { ready: false, reconciling: false, reason: 'Completed', message };
  }
  const busy = { ready: false, reconciling: true };
  if (leaving.length > 0) {
    return { ...busy, reason: 'Replacing', message: say(`leaving: ${leaving.join(', ')}`) };
  }
  const outdated = found.filter((one) => one.outdated).length;
  if (outdated > 0) {
    return { ...busy, reason: 'Updating', message: say(`${outdated} await the new template`) };
  }
  return { ...busy, reason: 'Starting', message: say('the others are starting') };
}

/**
 * The status of a slice, derived from its spec, the claims, the instances and who lives: the same on every peer that
 * knows the same. Exact means Held claims of live peers; members that are away are listed, and are not ready.
 */
export function sliceStatus(slice: SliceSubject, input: SliceStatusInput): SliceStatus {
  const found = findMembers(slice, input);
  const members = found.map(({ member }) => member);
  const finding = judge(slice, input, found);
  const { observedGeneration: generation } = input;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const condition = (type: string, status: boolean): Condition => {
    const text = status ? 'True' : 'False';
    const before = input.previous.find((known) => known.type === type);
    const kept = before?.status === text ? before.lastTransitionTime : input.now;
    const { reason, message } = finding;
    return { type, status: text, reason, message, lastTransitionTime: kept, ...observed };
  };
  return {
    ...observed,
    specHash: slice.specHash,
    desiredMembers: input.desired,
    heldMembers: members.filter(({ state }) => state !== 'Away').length,
    readyMembers: members.filter(({ state }) => state === 'Ready').length,
    members,
    selector: `p2pcs.io/slice=${slice.name}`,
    conditions: [
      condition('Ready', finding.ready),
      ...(finding.reconciling ? [condition('Reconciling', true)] : []),
    ],
  };
}
