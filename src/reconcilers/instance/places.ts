import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { Crypto } from '../../lib/crypto.ts';
import type { Instance } from '../../objects/kinds/instance.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import type { RolloutMember } from './rollout.ts';
import type { SliceSpec } from '../../objects/kinds/slice.ts';
import { templateHash } from './template-hash.ts';
import type { Place, SliceName } from './world.ts';

/** The records that places are read from; nothing here is kept. */
export interface PlaceSources {
  readonly self: { readonly peerId: PeerId; readonly boot: number };
  readonly slices: readonly (SliceName & { readonly spec: SliceSpec })[];
  readonly claims: readonly { readonly namespace: string; readonly spec: ClaimSpec }[];
  /** Of all peers. */
  readonly instances: readonly Instance[];
  /** Whether a claim of another peer is of its present boot and the peer not believed dead. */
  isLive(claim: ClaimSpec): boolean;
  /** Only when the slice is known to be deleted, never because its record is missing. */
  isGone(slice: Uid): boolean;
  allowedDrivers(slice: Uid): readonly string[];
  readonly hash: Crypto['hash'];
}

/**
 * The places of one peer: its Held claims of this boot, and, as `kept`, what the drivers have of slices in which it
 * has no decided claim of this boot. A claim that is leaving or Released is no place, whatever still runs. A slice
 * whose record is missing is not a deleted one: its work is kept as it is.
 */
export function readPlaces(sources: PlaceSources, found: readonly SliceName[]): readonly Place[] {
  const { self } = sources;
  const slices = new Map(sources.slices.map((slice) => [slice.uid, slice]));
  const own = new Map<Uid, { readonly namespace: string; readonly spec: ClaimSpec }>();
  for (const claim of sources.claims) {
    if (claim.spec.peerId !== self.peerId || claim.spec.boot !== self.boot) continue;
    const known = own.get(claim.spec.slice.uid);
    if (known === undefined || known.spec.revision < claim.spec.revision) {
      own.set(claim.spec.slice.uid, claim);
    }
  }

  const places: Place[] = [];
  const wanted = new Map<Uid, SliceName>(found.map((slice) => [slice.uid, slice]));
  for (const [uid, { namespace, spec }] of own) {
    if (spec.state === 'Held') wanted.set(uid, { uid, namespace, name: spec.slice.name });
  }
  for (const [uid, name] of wanted) {
    const claim = own.get(uid)?.spec;
    if (claim?.leaving === true || claim?.state === 'Released') continue;
    if (claim === undefined && sources.isGone(uid)) continue;
    const slice = slices.get(uid);
    const held = claim?.state === 'Held' && slice !== undefined;
    const template = slice?.spec.template;
    places.push({
      slice: { uid, namespace: name.namespace, name: name.name },
      hold: held ? 'held' : 'kept',
      ...(held && claim.index !== undefined ? { index: claim.index } : {}),
      ...(template === undefined
        ? {}
        : { template, templateHash: templateHash(template.spec, sources.hash) }),
      allowedDrivers: sources.allowedDrivers(uid),
      members: held ? rolloutMembers(sources, uid) : [],
    });
  }
  return places;
}

function rolloutMembers(sources: PlaceSources, slice: Uid): readonly RolloutMember[] {
  const instances = new Map<string, Instance>();
  for (const instance of sources.instances) {
    if (instance.spec?.slice.uid === slice) instances.set(instance.spec.peer, instance);
  }
  const members: RolloutMember[] = [];
  for (const { spec: claim } of sources.claims) {
    if (claim.slice.uid !== slice || claim.state !== 'Held' || claim.leaving === true) continue;
    if (claim.peerId === sources.self.peerId || claim.index === undefined) continue;
    const instance = instances.get(claim.peer);
    const hash = instance?.spec?.templateHash;
    members.push({
      peer: claim.peer,
      index: claim.index,
      live: sources.isLive(claim),
      ...(hash === undefined ? {} : { templateHash: hash }),
      done: instance?.status?.ready === true || instance?.status?.state === 'Succeeded',
    });
  }
  return members;
}
