import { kindKeys } from '../objects/kind-keys.ts';
import { machineClock } from './machine-clock.ts';
import type { ClaimRelay } from './claim-relay.ts';
import type { EventLog } from './event-log.ts';
import type { GoneSlices } from './gone-slices.ts';
import type { Logger } from './logger.ts';
import type { OwnClaims } from './own-claims.ts';
import type { RingKeeper } from './ring-keeper.ts';
import type { Substrate } from './substrate.ts';
import type { PlacementRecords } from './world.ts';
import type { InstanceReconciler } from '../reconcilers/instance/reconciler.ts';
import type { SlicePorts } from '../reconcilers/slice/ports.ts';
import type { World } from '../reconcilers/slice/world.ts';
import type { PeerCertificate } from '../trust/certificates.ts';

interface Parts {
  readonly substrate: Substrate;
  readonly placement: PlacementRecords;
  readonly gone: GoneSlices;
  readonly claims: OwnClaims;
  readonly rings: RingKeeper;
  readonly instances: InstanceReconciler;
  readonly events: EventLog;
  /** Made after the reconciler, which it asks for answers. */
  readonly relay: () => ClaimRelay;
  readonly certificate: PeerCertificate;
  readonly logger: Logger;
}

/** What the allocation of places sees of this daemon, and does with it. */
export function createSlicePorts(parts: Parts): SlicePorts {
  const { substrate, rings, logger } = parts;
  const { stack } = substrate;
  const syncingSinceMs = machineClock.nowMs();
  return {
    world: () => worldOf(parts, syncingSinceMs),
    writeClaim: (namespace, claim) => parts.claims.write(namespace, claim),
    sendClaim: (to, _namespace, slice) => parts.relay().send(to, slice),
    readClaims: (peers, slice, timeoutMs, enough) =>
      parts.relay().read(peers, slice, timeoutMs, enough),
    overlay: {
      enter: (slice, contacts) => {
        const known = contacts.map((peer) => ({ peer, addresses: stack.addressesOf(peer) }));
        stack.enterOverlay(slice, known, machineClock.nowMs());
        rings.enter(slice);
        substrate.flush();
      },
      leave: (slice) => {
        rings.leave(slice);
        stack.leaveOverlay(slice, machineClock.nowMs());
        substrate.flush();
      },
    },
    work: {
      start: (slice) => parts.instances.startWork(slice),
      stop: (slice, reason) => {
        logger.info('stopping work', { slice, reason });
        parts.instances.stopWork(slice);
      },
    },
    event: ({ slice: uid, severity: type, reason, message }) => {
      const slice = substrate.store.records
        .objects(kindKeys.slice)
        .find((stored) => stored.uid === uid);
      logger.info(message, { slice: slice?.name ?? uid, reason });
      if (slice === undefined) return;
      parts.events.record(
        { regarding: slice.object, type, reason, message },
        machineClock.wallMs(),
      );
    },
  };
}

function worldOf(parts: Parts, syncingSinceMs: number): Omit<World, 'nowMs'> {
  const { network, stack, boot } = parts.substrate;
  const { name, owner, peer: id } = parts.certificate;
  const links = network.links();
  const rttsMs = links.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [rttMs]));
  return {
    ...parts.placement.world(),
    me: {
      id,
      name,
      owner,
      boot,
      incarnation: stack.membership.get(id)?.incarnation ?? 0,
      synced: parts.substrate.isSynced(),
      syncingSinceMs,
    },
    isGone: (slice) => parts.gone.has(slice),
    neighbours: links.map(({ peer }) => peer),
    work: parts.instances.work(),
    ...(rttsMs.length === 0 ? {} : { oneWayP99Ms: Math.max(...rttsMs) / 2 }),
  };
}
