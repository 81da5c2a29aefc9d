import { StatusError } from '../objects/status-error.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { makeOwnerRecord, type RecordDraft } from '../store/make-record.ts';
import { objectValue, type StoredObject } from '../store/stored-object.ts';
import { ownsNamespace } from '../trust/namespaces.ts';
import { uuidV7 } from './uuid-v7.ts';
import type { Backend, Written } from '../api/backend.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { KindKey, OwnerName, Uid } from '../objects/ids.ts';
import type { Json } from '../objects/json.ts';
import type { ApiObject } from '../objects/object.ts';
import type { HybridClock } from '../store/hybrid-clock.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import type { Slot, VerifiedRecord } from '../store/record.ts';
import type { Delegation, Identity, OwnerCertificate } from '../trust/certificates.ts';
import type { EventInput, EventLog } from './event-log.ts';
import type { EventRelay } from './event-relay.ts';
import type { InstanceLogs } from './instance-logs.ts';
import type { Namespaces } from './namespaces.ts';
import type { Projection } from './projection.ts';
import type { Queries } from './queries.ts';
import type { ReplicatedStore } from './replicated-store.ts';

/** An owner that may use this daemon: certificate and the delegation with which it signs for them. */
export interface Grant {
  readonly certificate: OwnerCertificate;
  readonly delegation: Delegation;
}

interface Components {
  readonly catalog: LiveCatalog;
  readonly store: ReplicatedStore;
  readonly projection: Projection;
  readonly clock: HybridClock;
  readonly signer: Signer;
  readonly crypto: Crypto;
  readonly grants: ReadonlyMap<OwnerName, Grant>;
  readonly namespaces: Namespaces;
  readonly events: EventLog;
  readonly eventRelay: EventRelay;
  readonly logs: InstanceLogs;
  readonly queries: Queries;
}

/** Behind the API: who may write, signing, stamping, fsync, and the word of one more peer. */
export class DaemonBackend implements Backend {
  readonly catalog: LiveCatalog;
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
    this.catalog = components.catalog;
  }

  async authorize(
    identity: Identity,
    verb: string,
    kind: KindKey,
    namespace: string,
    name?: string,
  ): Promise<void> {
    const grant = this.#grant(identity.owner);
    if (isRead(verb)) return;
    const { namespaces } = this.#components;
    if (namespace !== '') {
      if (!namespaces.isKnown(namespace)) {
        throw new StatusError('NotFound', `namespaces "${namespace}" not found`, {
          name: namespace,
          kind: 'namespaces',
        });
      }
      if (!ownsNamespace(grant.certificate, namespace)) {
        const holder = namespaces.ownerOf(namespace);
        const own = grant.certificate.namespaces.join(', ');
        throw forbidden(
          `${identity.owner} may not ${verb} in namespace ${namespace}: it belongs to ${holder ?? 'another owner'}; yours: ${own}`,
          kind,
          name,
        );
      }
    }
    if (name !== undefined) this.#refuseForeign(identity.owner, verb, kind, namespace, name);
    const now = Date.now();
    if (now > grant.delegation.expiresAtMs) {
      throw forbidden(
        `the delegation of ${identity.owner} to this peer ended ${new Date(grant.delegation.expiresAtMs).toISOString()}; \`p2pctl up\` renews it`,
        kind,
        name,
      );
    }
  }

  async create(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written> {
    const namespace = object.metadata.namespace ?? '';
    const { name } = object.metadata;
    await this.authorize(identity, 'create', kind, namespace);
    if (this.#components.store.records.get(kind, namespace, name) !== undefined) {
      throw alreadyExists(kind, name);
    }
    const nowMs = Date.now();
    const uid = uuidV7(nowMs);
    const stamped: ApiObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid,
        creationTimestamp: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
    };
    const drafts: RecordDraft[] = [];
    const order = this.#components.clock.tick(nowMs);
    drafts.push({ kind, namespace, name, uid, slot: 'object', order, value: objectValue(stamped) });
    for (const finalizer of stamped.metadata.finalizers ?? []) {
      drafts.push(this.#finalizerDraft(stamped, kind, finalizer, true));
    }
    const records = this.#sign(identity.owner, kind, name, drafts);
    if (options.dryRun) return { object: stamped, warnings: [] };
    const warnings = await this.#commit(records);
    return { object: this.#current(kind, namespace, name) ?? stamped, warnings };
  }

  async replace(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    basedOn: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written> {
    const { name, namespace = '' } = basedOn.metadata;
    await this.authorize(identity, 'update', kind, namespace, name);
    const stored = this.#stored(kind, namespace, name, basedOn.metadata.uid);
    const current = this.#current(kind, namespace, name);
    if (
      current?.metadata.resourceVersion !== basedOn.metadata.resourceVersion &&
      wish(current) !== wish(basedOn)
    ) {
      throw conflict(kind, name);
    }
    const { records: slots } = this.#components.store;
    const drafts: RecordDraft[] = [];
    const base = slots.slotOf(stored, 'object');
    const written: ApiObject = {
      ...withoutDerived(object, stored.object),
      metadata: {
        ...object.metadata,
        uid: stored.uid,
        creationTimestamp: stored.object.metadata.creationTimestamp,
      },
    };
    const value = objectValue(written);
    if (JSON.stringify(value) !== JSON.stringify(base?.body.value)) {
      drafts.push({
        kind,
        namespace,
        name,
        uid: stored.uid,
        slot: 'object',
        order: this.#components.clock.tick(Date.now(), stored.order),
        base,
        value,
      });
    }
    const before = new Set(stored.object.metadata.finalizers ?? []);
    const after = new Set(object.metadata.finalizers ?? []);
    for (const finalizer of before) {
      if (!after.has(finalizer))
        drafts.push(this.#finalizerDraft(stored.object, kind, finalizer, false, stored));
    }
    for (const finalizer of after) {
      if (!before.has(finalizer))
        drafts.push(this.#finalizerDraft(stored.object, kind, finalizer, true, stored));
    }
    if (stored.object.metadata.deletionTimestamp !== undefined && after.size === 0) {
      drafts.push(...this.#tombstones(kind, namespace, name));
    }
    if (drafts.length === 0) return { object: current ?? stored.object, warnings: [] };
    const records = this.#sign(identity.owner, kind, name, drafts);
    if (options.dryRun)
      return {
        object: { ...written, metadata: { ...basedOn.metadata, ...written.metadata } },
        warnings: [],
      };
    const warnings = await this.#commit(records);
    return { object: this.#current(kind, namespace, name) ?? written, warnings };
  }

  async remove(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean; readonly uid?: Uid },
  ): Promise<Written & { readonly gone: boolean }> {
    const { name, namespace = '' } = object.metadata;
    await this.authorize(identity, 'delete', kind, namespace, name);
    const stored = this.#stored(kind, namespace, name, object.metadata.uid);
    if (options.uid !== undefined && options.uid !== stored.uid) throw conflict(kind, name);
    const isHeld = (stored.object.metadata.finalizers ?? []).length > 0;
    const nowMs = Date.now();
    if (isHeld && stored.object.metadata.deletionTimestamp !== undefined) {
      return { object: this.#current(kind, namespace, name) ?? object, warnings: [], gone: false };
    }
    const drafts: readonly RecordDraft[] = isHeld
      ? [
          {
            kind,
            namespace,
            name,
            uid: stored.uid,
            slot: 'deleting',
            order: this.#components.clock.tick(nowMs, stored.order),
            base: this.#components.store.records.slotOf(stored, 'object'),
            value: { at: nowMs },
          },
        ]
      : this.#tombstones(kind, namespace, name);
    const records = this.#sign(identity.owner, kind, name, drafts);
    if (options.dryRun) return { object, warnings: [], gone: !isHeld };
    const warnings = await this.#commit(records);
    return { object: this.#current(kind, namespace, name) ?? object, warnings, gone: !isHeld };
  }

  refresh(kind: KindKey): Promise<void> {
    return kind === kindKeys.event ? this.#components.eventRelay.refresh() : Promise.resolve();
  }

  logs(
    identity: Identity,
    namespace: string,
    instance: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<Uint8Array> {
    return this.#components.logs.read(identity.owner, namespace, instance, options);
  }

  query(
    identity: Identity,
    name: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Json> {
    this.#grant(identity.owner);
    return this.#components.queries.answer(name, parameters);
  }

  /**
   * Ends what is being deleted and has no finalizer left: two of them may have been taken away on two peers at once, so
   * that neither saw the last one go.
   */
  async finishDeletions(): Promise<void> {
    const { store, grants } = this.#components;
    for (const { kind, namespace, name, owner, finished } of store.records.objects()) {
      if (!finished || !grants.has(owner)) continue;
      const records = this.#sign(owner, kind, name, this.#tombstones(kind, namespace, name));
      await store.commit(records);
    }
  }

  recordEvent(event: EventInput): void {
    this.#components.events.record(event, Date.now());
  }

  #grant(owner: OwnerName): Grant {
    const grant = this.#components.grants.get(owner);
    if (grant === undefined) {
      throw new StatusError(
        'Forbidden',
        `${owner} has no delegation to this peer; its kubeconfig is of another cloud or an older one`,
      );
    }
    return grant;
  }

  #refuseForeign(
    owner: OwnerName,
    verb: string,
    kind: KindKey,
    namespace: string,
    name: string,
  ): void {
    const stored = this.#components.store.records.get(kind, namespace, name);
    if (stored === undefined || stored.owner === owner) return;
    throw forbidden(`${owner} may not ${verb} it: it belongs to ${stored.owner}`, kind, name);
  }

  #stored(kind: KindKey, namespace: string, name: string, uid: Uid): StoredObject {
    const stored = this.#components.store.records.get(kind, namespace, name);
    if (stored === undefined) {
      throw new StatusError(
        'NotFound',
        `${plural(kind)} "${name}" not found`,
        detailsOf(kind, name),
      );
    }
    if (stored.uid !== uid) throw conflict(kind, name);
    return stored;
  }

  #current(kind: KindKey, namespace: string, name: string): ApiObject | undefined {
    this.#components.projection.flush();
    return this.catalog.get(kind, namespace, name);
  }

  #tombstones(kind: KindKey, namespace: string, name: string): RecordDraft[] {
    const { store, clock } = this.#components;
    const nowMs = Date.now();
    return store.records.allAt(kind, namespace, name).map((stored) => ({
      kind,
      namespace,
      name,
      uid: stored.uid,
      slot: 'tombstone',
      order: clock.tick(nowMs, stored.order),
      base: store.records.slotOf(stored, 'object'),
      value: { at: nowMs },
    }));
  }

  #finalizerDraft(
    object: ApiObject,
    kind: KindKey,
    finalizer: string,
    present: boolean,
    stored?: StoredObject,
  ): RecordDraft {
    const slot: Slot = `finalizer/${finalizer}`;
    const base =
      stored === undefined ? undefined : this.#components.store.records.slotOf(stored, slot);
    return {
      kind,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      uid: object.metadata.uid,
      slot,
      order: this.#components.clock.tick(Date.now(), base?.body.order),
      ...(base === undefined ? {} : { base }),
      value: { present },
    };
  }

  #sign(
    owner: OwnerName,
    kind: KindKey,
    name: string,
    drafts: readonly RecordDraft[],
  ): readonly VerifiedRecord[] {
    const { signer, crypto } = this.#components;
    const grant = this.#grant(owner);
    const certificates = { owner: grant.certificate.encoded, delegation: grant.delegation.encoded };
    return drafts
      .filter((draft) => this.#isOwn(owner, draft))
      .map((draft) => {
        const made = makeOwnerRecord(signer, certificates, draft, crypto);
        if (made.record === undefined) throw forbidden(made.reason, kind, name);
        return made.record;
      });
  }

  /** Of several uids under one name only one's own are written to; the others belong to somebody else. */
  #isOwn(owner: OwnerName, draft: RecordDraft): boolean {
    const known = this.#components.store.records
      .allAt(draft.kind, draft.namespace, draft.name)
      .find(({ uid }) => uid === draft.uid);
    return known === undefined || known.owner === owner;
  }

  async #commit(records: readonly VerifiedRecord[]): Promise<readonly string[]> {
    await this.#components.store.commit(records);
    return this.#components.store.witnessed(records);
  }
}

function isRead(verb: string): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch';
}

/** What an update conflicts over: not status, which each peer derives for itself. */
function wish(object: ApiObject | undefined): string {
  if (object === undefined) return '';
  const { resourceVersion: _version, generation: _generation, ...metadata } = object.metadata;
  return JSON.stringify([metadata, object.spec]);
}

/** Status of owner-written kinds is derived on every peer, so it has no place in a record. */
function withoutDerived(object: ApiObject, stored: ApiObject): ApiObject {
  const { status: _status, ...rest } = object;
  return stored.status === undefined ? rest : { ...rest, status: stored.status };
}

function plural(kind: KindKey): string {
  return kind === kindKeys.trustPolicy
    ? 'trustpolicies.p2pcs.io'
    : `${kind.slice(kind.indexOf('/') + 1).toLowerCase()}s.p2pcs.io`;
}

function detailsOf(
  kind: KindKey,
  name: string | undefined,
): { name?: string; group: string; kind: string } {
  const [group = ''] = kind.split('/');
  return { ...(name === undefined ? {} : { name }), group, kind: plural(kind).split('.')[0] ?? '' };
}

function forbidden(why: string, kind: KindKey, name: string | undefined): StatusError {
  return new StatusError(
    'Forbidden',
    `${plural(kind)}${name === undefined ? '' : ` "${name}"`} is forbidden: ${why}`,
    detailsOf(kind, name),
  );
}

function conflict(kind: KindKey, name: string): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${plural(kind)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    detailsOf(kind, name),
  );
}

function alreadyExists(kind: KindKey, name: string): StatusError {
  return new StatusError(
    'AlreadyExists',
    `${plural(kind)} "${name}" already exists`,
    detailsOf(kind, name),
  );
}
