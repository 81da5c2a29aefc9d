import type { ClaimSpec } from '../../../src/objects/kinds/claim.ts';
import type { Driver } from '../../../src/drivers/driver.ts';
import type { Instance } from '../../../src/objects/kinds/instance.ts';
import type { InstanceDraft, InstanceEvent } from '../../../src/reconcilers/instance/ports.ts';
import type { InstanceTemplateSpec } from '../../../src/objects/kinds/slice.ts';
import type { PeerId, PeerName, Uid } from '../../../src/objects/ids.ts';
import type { SliceName } from '../../../src/reconcilers/instance/world.ts';
import { FakeDriver } from '../../../src/drivers/fake/fake-driver.ts';
import { FakeMachine } from '../../../src/drivers/fake/fake-machine.ts';
import type { FakeScript } from '../../../src/drivers/fake/fake-program.ts';
import { InstanceReconciler } from '../../../src/reconcilers/instance/reconciler.ts';
import { VirtualClock } from './virtual-clock.ts';
import { createHash } from 'node:crypto';
import { instanceConfig } from '../../../src/reconcilers/instance/config.ts';
import { readPlaces } from '../../../src/reconcilers/instance/places.ts';

const peer = 'node1' as PeerName;
const peerId = '12D3node1' as PeerId;

type FakeSlice = SliceName & { spec: { template?: { spec: InstanceTemplateSpec } } };

/** One peer around the real reconciler: its claims, slices and records in maps, a fake machine, a virtual clock. */
export class FakePeer {
  readonly clock: VirtualClock = new VirtualClock();
  readonly machine: FakeMachine;
  readonly slices: Map<Uid, FakeSlice> = new Map();
  readonly claims: Map<Uid, ClaimSpec> = new Map();
  readonly records: Map<string, Instance> = new Map();
  readonly others: { claims: ClaimSpec[]; instances: Instance[] } = { claims: [], instances: [] };
  readonly events: InstanceEvent[] = [];
  readonly gone: Set<Uid> = new Set();
  allowed: readonly string[] = ['fake'];
  writes = 0;
  failWrites = false;
  boot = 1;
  workChanges = 0;
  reconciler: InstanceReconciler;
  readonly #startDelayMs: number;
  readonly #wrap: (driver: Driver) => Driver;

  constructor(
    options: {
      script?: FakeScript;
      startDelayMs?: number;
      wrap?: (driver: Driver) => Driver;
    } = {},
  ) {
    this.machine = new FakeMachine(this.clock, options.script);
    this.#startDelayMs = options.startDelayMs ?? 0;
    this.#wrap = options.wrap ?? ((driver) => driver);
    this.reconciler = this.#newReconciler();
  }

  /** A slice with its template; none: reserved. */
  setSlice(uid: string, template?: Partial<InstanceTemplateSpec>): SliceName {
    const slice = { uid: uid as Uid, namespace: 'default', name: uid };
    const spec =
      template === undefined
        ? {}
        : { template: { spec: { command: ['sleep', 'infinity'], ...template } } };
    this.slices.set(slice.uid, { ...slice, spec });
    this.reconciler.changed();
    return slice;
  }

  setClaim(uid: string, claim: Partial<ClaimSpec> = {}): void {
    const before = this.claims.get(uid as Uid);
    this.claims.set(uid as Uid, {
      slice: { name: uid, uid: uid as Uid },
      peer,
      peerId,
      boot: this.boot,
      incarnation: 0,
      state: 'Held',
      specHash: '',
      score: 0,
      seniority: 1,
      index: 0,
      ...claim,
      revision: (before?.revision ?? 0) + 1,
    });
    this.reconciler.changed();
  }

  /** SIGKILL of the daemon and a start of the next one; the machine runs on. */
  async restartDaemon(): Promise<void> {
    const closing = this.reconciler.close();
    await this.clock.advance(60_000);
    await closing;
    this.boot += 1;
    this.reconciler = this.#newReconciler();
    await this.start();
  }

  async start(): Promise<void> {
    let started = false;
    void this.reconciler.start().then(() => (started = true));
    while (!started) await this.clock.advance(5);
  }

  record(uid: string): Instance | undefined {
    return this.records.get(`${uid}-${peer}`);
  }

  /** Whether a claim of this boot admits a start of this slice's work. */
  mayStart(uid: Uid): boolean {
    const claim = this.claims.get(uid);
    return claim?.state === 'Held' && claim.leaving !== true && claim.boot === this.boot;
  }

  #newReconciler(): InstanceReconciler {
    const driver = this.#wrap(new FakeDriver(this.machine, { startDelayMs: this.#startDelayMs }));
    return new InstanceReconciler(
      {
        drivers: [driver],
        clock: this.clock,
        ports: {
          world: (found) => ({
            peer,
            peerId,
            records: [...this.records.values()],
            places: readPlaces(
              {
                self: { peerId, boot: this.boot },
                slices: [...this.slices.values()],
                claims: [...this.claims.values(), ...this.others.claims].map((spec) => ({
                  namespace: 'default',
                  spec,
                })),
                instances: [...this.records.values(), ...this.others.instances],
                isLive: () => true,
                isGone: (uid) => this.gone.has(uid),
                allowedDrivers: () => this.allowed,
                hash: (data) => createHash('sha256').update(data).digest(),
              },
              found,
            ),
          }),
          writeInstance: async (draft) => {
            this.writes += 1;
            if (this.failWrites) throw new Error('the disk is full');
            this.records.set(draft.name, toRecord(draft));
          },
          removeInstance: async ({ metadata }) => {
            this.records.delete(metadata.name);
          },
          event: (event) => this.events.push(event),
          workChanged: () => (this.workChanges += 1),
        },
      },
      instanceConfig,
    );
  }
}

function toRecord({
  name,
  namespace,
  labels,
  ownerReferences,
  spec,
  status,
}: InstanceDraft): Instance {
  return {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Instance',
    metadata: {
      name,
      namespace,
      uid: `uid-of-${name}` as Uid,
      labels,
      ownerReferences,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec,
    status,
  };
}
