import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { loadKinds } from '../api/crd.ts';
import { createApiServer, type ApiServer } from '../api/server.ts';
import { createDrivers, realDrivers } from '../drivers/registry.ts';
import { parseQuantity } from '../lib/quantity.ts';
import { SeededRandom } from '../lib/seeded-random.ts';
import { InstanceReconciler } from '../reconcilers/instance/reconciler.ts';
import { templateHash } from '../reconcilers/instance/template-hash.ts';
import { SliceReconciler } from '../reconcilers/slice/reconciler.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import { loadPerCore } from './attributes.ts';
import { DaemonBackend } from './backend.ts';
import { CatalogMemory } from './catalog-memory.ts';
import { ClaimRelay } from './claim-relay.ts';
import { createCrypto } from './crypto.ts';
import { Disk } from './disk/disk.ts';
import { EventLog } from './event-log.ts';
import { EventRelay } from './event-relay.ts';
import { GoneSlices } from './gone-slices.ts';
import { writeKubeconfig, type Home } from './home.ts';
import { readIdentities, type Identities } from './identities.ts';
import { InstanceLogs } from './instance-logs.ts';
import { findWork } from './local-work.ts';
import { machineClock } from './machine-clock.ts';
import { OwnerManifestSink } from './manifest-sink.ts';
import { ManifestWatcher } from './manifest-watcher.ts';
import { Namespaces } from './namespaces.ts';
import { createInstancePorts } from './instance-ports.ts';
import { createSlicePorts } from './slice-ports.ts';
import { OwnClaims } from './own-claims.ts';
import { OwnInstances } from './own-instances.ts';
import { OwnPeer } from './own-peer.ts';
import { OwnRecords } from './own-records.ts';
import { Projection } from './projection.ts';
import { Queries, type Info } from './queries.ts';
import { ReadableObjects } from './readable-objects.ts';
import { RingKeeper } from './ring-keeper.ts';
import { Substrate } from './substrate.ts';
import { PlacementRecords } from './world.ts';
import type { Driver } from '../drivers/driver.ts';
import type { OwnValues } from '../gossip/stack.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Conflict } from '../store/record-store.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { Logger } from './logger.ts';

/** A daemon that stops on purpose has its places kept for so long. */
const awayMs = 60_000;
/** Time for the farewell to leave the sockets. */
const farewellMs = 200;
const sweepMs = 10_000;
const manifestsKey = 'manifests';

/** One peer: the parts of the house wired together. It decides nothing itself. */
export class Daemon {
  readonly #home: Home;
  readonly #bundle: Bundle;
  readonly #logger: Logger;
  readonly #version: string;
  readonly #startedAt = new Date().toISOString();
  readonly #crypto = createCrypto();
  readonly #kinds = loadKinds(crdDirectory());
  readonly #identities: Identities;
  readonly #disk: Disk;
  readonly #drivers: readonly Driver[];
  readonly #catalog: LiveCatalog;
  readonly #memory: CatalogMemory;
  readonly #events: EventLog;
  readonly #namespaces: Namespaces;
  readonly #substrate: Substrate;
  readonly #placement: PlacementRecords;
  readonly #gone: GoneSlices;
  readonly #projection: Projection;
  readonly #ownRecords: OwnRecords;
  readonly #ownPeer: OwnPeer;
  readonly #claims: OwnClaims;
  readonly #rings: RingKeeper;
  readonly #relay: ClaimRelay;
  readonly #slices: SliceReconciler;
  readonly #instances: InstanceReconciler;
  readonly #backend: DaemonBackend;
  /** Gossip asks for this peer's values while the parts that know them are still being made. */
  #isWired = false;
  #api: ApiServer | undefined;
  #manifests: ManifestWatcher | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(components: { home: Home; bundle: Bundle; logger: Logger }, version: string) {
    const { home, bundle, logger } = components;
    this.#home = home;
    this.#bundle = bundle;
    this.#logger = logger;
    this.#version = version;
    this.#disk = Disk.open(home.database);
    if (this.#disk.damaged !== undefined) {
      logger.error('database damaged: put aside, starting empty, other peers send their records', {
        ...this.#disk.damaged,
      });
    }
    const crypto = this.#crypto;
    this.#identities = readIdentities(bundle, crypto, logger);
    const { signer, credential, grants } = this.#identities;
    this.#drivers = createDrivers(bundle.drivers ?? realDrivers, {
      root: home.instances,
      clock: machineClock,
      environment: process.env,
    });
    this.#memory = new CatalogMemory(this.#disk);
    this.#catalog = this.#memory.open(machineClock.wallMs());
    this.#events = new EventLog(this.#catalog, credential.peer.name);
    this.#namespaces = new Namespaces(this.#catalog);
    for (const { certificate } of grants.values()) this.#namespaces.learn(certificate);

    const readable = new ReadableObjects(this.#kinds, logger.part('store'), () =>
      machineClock.nowMs(),
    );
    this.#substrate = new Substrate(
      {
        bundle,
        identities: this.#identities,
        crypto,
        disk: this.#disk,
        clock: machineClock,
        logger,
        values: () =>
          this.#isWired ? this.#values() : { load: loadPerCore(), free: true, attributes: {} },
        onLink: (link) => {
          this.#namespaces.learn(link.credential.owner);
          logger
            .part('network')
            .info('link up', { peer: link.credential.peer.name, boot: link.boot });
        },
        onConflict: (conflict) => this.#conflict(conflict),
        onHeld: (record) => {
          const { kind, name, signer: from } = record.body;
          logger.warn('record held: clock ahead', { kind, name, signer: from });
        },
        isReadable: (stored) => readable.has(stored),
      },
      version,
    );
    const { store, stack, network } = this.#substrate;
    this.#gone = new GoneSlices(store.records);
    this.#placement = new PlacementRecords(
      store.records,
      stack.membership,
      () => stack.aggregates().size,
    );
    this.#ownRecords = new OwnRecords({ store, signer, credential, crypto }, this.#substrate.boot);
    this.#ownPeer = new OwnPeer(
      {
        records: this.#ownRecords,
        credential,
        drivers: this.#drivers,
        addresses: () => network.addresses(),
        logger,
      },
      {
        dataDirectory: home.directory,
        labels: bundle.peer.labels ?? {},
        version,
        boot: this.#substrate.boot,
        startedAt: this.#startedAt,
      },
    );
    this.#claims = new OwnClaims({
      records: this.#ownRecords,
      wallMs: () => machineClock.wallMs(),
    });
    this.#rings = new RingKeeper({
      stack,
      nameOf: (peer) => this.#placement.nameOf(peer),
      onView: (slice, status) => {
        this.#claims
          .see(slice, status)
          .catch((error: unknown) => logger.warn('cannot write ring neighbours', { error }));
      },
    });
    this.#projection = new Projection({
      catalog: this.#catalog,
      store: store.records,
      membership: stack.membership,
      world: () => this.#placement.world(),
      figures: () => ({ cloudId: this.#identities.cloud, ...stack.aggregates() }),
      templateHash: (template) => templateHash(template, (data) => crypto.hash(data)),
      nowMs: () => machineClock.nowMs(),
      wallMs: () => machineClock.wallMs(),
    });
    this.#instances = this.#createInstances();
    this.#slices = this.#createSlices();
    this.#relay = new ClaimRelay({
      network,
      store,
      membership: stack.membership,
      onClaim: (claim) => this.#slices.onClaimReceived(claim),
      onDeath: (peer, boot) => this.#deathHint(peer, boot),
    });
    this.#backend = new DaemonBackend({
      catalog: this.#catalog,
      store,
      projection: this.#projection,
      clock: this.#substrate.hybridClock,
      signer,
      crypto,
      grants,
      namespaces: this.#namespaces,
      events: this.#events,
      eventRelay: new EventRelay({ network, events: this.#events }),
      logs: new InstanceLogs({
        catalog: this.#catalog,
        network,
        crypto,
        credential,
        grants,
        local: (slice) => findWork(this.#drivers, slice),
      }),
      queries: new Queries({
        catalog: this.#catalog,
        placement: this.#placement,
        network,
        rings: this.#rings,
        info: () => this.#info(),
        gossip: () => stack.counters(),
      }),
    });
    this.#isWired = true;
  }

  /** Resolves when the API answers and the manifests folder was read once. */
  async start(): Promise<void> {
    const { bundle, logger, store, stack } = {
      bundle: this.#bundle,
      logger: this.#logger,
      store: this.#substrate.store,
      stack: this.#substrate.stack,
    };
    this.#projection.start();
    store.records.subscribe(({ namespace }) => {
      if (namespace !== '') this.#namespaces.isKnown(namespace);
      this.#changed();
    });
    stack.onMembershipChange((view) => {
      const say = view.state === 'suspect' ? 'debug' : 'info';
      if (view.state !== 'alive') {
        const peer = this.#placement.nameOf(view.peer);
        logger.part('members')[say](view.state, { peer, boot: view.boot });
      }
      this.#projection.peerChanged(view.peer);
      this.#changed();
    });
    // First what may fail: a port that is taken must not look like a peer that came and died.
    this.#api = await createApiServer({
      backend: this.#backend,
      kinds: this.#kinds,
      tls: bundle.api,
      host: bundle.api.host,
      port: bundle.api.port,
      version: this.#version,
      logger: logger.part('api'),
    });
    await this.#substrate.start();
    await this.#ownPeer.start();
    await this.#instances.start();
    this.#slices.start();
    writeKubeconfig(this.#home, bundle);
    const sink = new OwnerManifestSink({
      resources: this.#api.resources,
      kinds: this.#api.kinds,
      identity: { owner: this.#identities.credential.peer.owner },
      peerName: this.#identities.credential.peer.name,
      setLabels: (labels) => this.#ownPeer.setLabels(labels),
      remembered: {
        get: () => this.#disk.meta(manifestsKey),
        put: (text) => {
          this.#disk.putMeta(manifestsKey, text).catch(() => undefined);
        },
      },
    });
    this.#manifests = new ManifestWatcher(this.#home.manifests, sink, logger.part('manifests'));
    await this.#manifests.start();
    this.#sweep = setInterval(() => {
      this.#events.expire(machineClock.wallMs());
      this.#backend
        .finishDeletions()
        .catch((error: unknown) => logger.warn('cannot end a deletion', { error }));
    }, sweepMs);
    logger.info('ready', {
      api: this.#api.url,
      peer: this.#identities.credential.peer.name,
      boot: this.#substrate.boot,
    });
  }

  /** Says goodbye, stops, and leaves running instances alone. */
  async stop(): Promise<void> {
    this.#substrate.announceAway(awayMs);
    await Promise.all([this.#manifests?.stop(), this.#slices.stop()]);
    await this.#instances.close();
    await new Promise((done) => setTimeout(done, farewellMs));
    await this.#api?.close();
    clearInterval(this.#sweep);
    this.#rings.stop();
    this.#ownPeer.stop();
    this.#projection.stop();
    await this.#substrate.stop();
    await Promise.all(this.#drivers.map((driver) => driver.close()));
    this.#memory.save(this.#catalog);
    this.#disk.close();
  }

  #changed(): void {
    this.#slices.changed();
    this.#instances.changed();
  }

  #values(): OwnValues {
    const attributes: Record<string, number> = {};
    for (const [name, text] of Object.entries(this.#ownPeer.attributes())) {
      const value = parseQuantity(text);
      if (value !== undefined) attributes[name] = value;
    }
    return { load: loadPerCore(), free: !this.#holdsPlace(), attributes };
  }

  #holdsPlace(): boolean {
    const { self } = this.#substrate.network;
    return this.#placement
      .world()
      .claims.some(
        ({ spec }) =>
          spec.peerId === self && spec.boot === this.#substrate.boot && spec.state === 'Held',
      );
  }

  #createSlices(): SliceReconciler {
    const logger = this.#logger.part('slices');
    return new SliceReconciler({
      clock: machineClock,
      random: new SeededRandom(randomBytes(16).toString('hex')),
      reports: {
        failed: (_reconciler, key, error, retryMs) =>
          logger.error('reconcile failed', {
            key,
            retryMs,
            error: (error as Error).stack ?? error,
          }),
        terminal: (_reconciler, key, reason) => logger.error('reconcile gave up', { key, reason }),
      },
      ports: createSlicePorts({
        substrate: this.#substrate,
        placement: this.#placement,
        gone: this.#gone,
        claims: this.#claims,
        rings: this.#rings,
        instances: this.#instances,
        events: this.#events,
        relay: () => this.#relay,
        certificate: this.#identities.credential.peer,
        logger,
      }),
    });
  }

  #createInstances(): InstanceReconciler {
    return new InstanceReconciler({
      drivers: this.#drivers,
      clock: machineClock,
      ports: createInstancePorts({
        substrate: this.#substrate,
        placement: this.#placement,
        gone: this.#gone,
        instances: new OwnInstances({
          records: this.#ownRecords,
          store: this.#substrate.store.records,
          self: this.#identities.credential.peer.peer,
          wallMs: () => machineClock.wallMs(),
        }),
        drivers: this.#drivers,
        events: this.#events,
        certificate: this.#identities.credential.peer,
        crypto: this.#crypto,
        logger: this.#logger.part('instances'),
        workChanged: () => this.#slices.changed(),
      }),
    });
  }

  /** Another peer believes it dead: look for oneself, and do not believe it. */
  #deathHint(peer: PeerId, boot: number): void {
    const { stack } = this.#substrate;
    const member = stack.membership.get(peer);
    if (member === undefined || member.boot > boot || member.state === 'dead') return;
    stack.unreachable(peer, machineClock.nowMs());
    this.#substrate.flush();
  }

  #conflict({ winner, loser }: Conflict): void {
    const { kind, namespace, name } = winner.body;
    this.#logger.warn('concurrent writes: one was overruled', {
      kind,
      namespace,
      name,
      winner: winner.body.owner,
      loser: loser.body.owner,
    });
    const shown = this.#substrate.store.records.get(kind, namespace, name);
    if (shown === undefined) return;
    const message = `a write by ${loser.body.owner} through ${this.#placement.nameOf(loser.body.signer)} was made without knowledge of the one that now counts, and was overruled; it said: ${JSON.stringify(loser.body.value['spec'] ?? loser.body.slot).slice(0, 500)}`;
    this.#events.record(
      { regarding: shown.object, type: 'Warning', reason: 'Conflict', message },
      machineClock.wallMs(),
    );
  }

  #info(): Info {
    const { stack, store, boot } = this.#substrate;
    const { name, owner, peer } = this.#identities.credential.peer;
    const living = stack.membership
      .all()
      .filter(({ state }) => state === 'alive' || state === 'suspect');
    return {
      version: this.#version,
      cloudId: this.#identities.cloud,
      peer: name,
      peerId: peer,
      owner,
      boot,
      synced: !this.#substrate.isSyncing(),
      startedAt: this.#startedAt,
      alive: living.length,
      size: Math.max(1, Math.round(stack.aggregates().size)),
      records: store.records.size,
    };
  }
}

/** Beside the bundle, or two folders up from the sources. */
function crdDirectory(): string {
  const beside = fileURLToPath(new URL('./crds/', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../crds/', import.meta.url));
}
