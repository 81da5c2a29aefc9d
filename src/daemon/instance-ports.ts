import { kindKeys } from '../objects/kind-keys.ts';
import { readPlaces } from '../reconcilers/instance/places.ts';
import { machineClock } from './machine-clock.ts';
import type { EventLog } from './event-log.ts';
import type { GoneSlices } from './gone-slices.ts';
import type { Logger } from './logger.ts';
import type { OwnInstances } from './own-instances.ts';
import type { Substrate } from './substrate.ts';
import type { PlacementRecords } from './world.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Instance } from '../objects/kinds/instance.ts';
import type { InstancePorts } from '../reconcilers/instance/ports.ts';
import type { PeerCertificate } from '../trust/certificates.ts';

interface Parts {
  readonly substrate: Substrate;
  readonly placement: PlacementRecords;
  readonly gone: GoneSlices;
  readonly instances: OwnInstances;
  readonly drivers: readonly Driver[];
  readonly events: EventLog;
  readonly certificate: PeerCertificate;
  readonly crypto: Crypto;
  readonly logger: Logger;
  readonly workChanged: () => void;
}

/** What keeps instances running sees of this daemon, and does with it. */
export function createInstancePorts(parts: Parts): InstancePorts {
  const { instances, events, logger } = parts;
  const { records } = parts.substrate.store;
  return {
    world: (found) => ({
      peer: parts.certificate.name,
      peerId: parts.certificate.peer,
      records: instances.list(),
      places: readPlaces(sourcesOf(parts), found),
    }),
    writeInstance: (draft) => instances.write(draft),
    removeInstance: (instance) => instances.remove(instance),
    event: ({ slice, instance, type, reason, message }) => {
      logger.info(message, { instance, reason });
      const regarding =
        records.get(kindKeys.instance, slice.namespace, instance) ??
        records.get(kindKeys.slice, slice.namespace, slice.name);
      if (regarding === undefined) return;
      const event = { regarding: regarding.object, type, reason, message };
      events.record(event, machineClock.wallMs());
    },
    workChanged: parts.workChanged,
  };
}

function sourcesOf(parts: Parts): Parameters<typeof readPlaces>[0] {
  const { store, stack, boot } = parts.substrate;
  const { name, owner, peer: peerId } = parts.certificate;
  const world = parts.placement.world();
  const machine = { id: peerId, name, owner, labels: {}, attributes: {}, drivers: [] };
  return {
    self: { peerId, boot },
    slices: world.slices,
    claims: world.claims,
    instances: store.records
      .objects(kindKeys.instance)
      .map(({ object }) => object as unknown as Instance),
    isLive: (claim) => {
      const member = stack.membership.get(claim.peerId);
      return member !== undefined && member.state !== 'dead' && member.boot <= claim.boot;
    },
    isGone: (uid) => parts.gone.has(uid),
    allowedDrivers: (uid) => {
      const slice = world.slices.find((each) => each.uid === uid);
      if (slice === undefined) return [];
      return parts.drivers
        .map((driver) => driver.name)
        .filter((driver) => world.policy(slice.owner, driver, machine).allowed);
    },
    hash: (data) => parts.crypto.hash(data),
  };
}
