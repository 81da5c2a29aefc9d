import { randomInt, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import type { Uid } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import type { ApiObject, ObjectMeta } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Identity } from '../trust/certificates.ts';
import type { Backend, Written } from './backend.ts';
import { Admission } from './admission.ts';
import type { Admitted, FieldValidation } from './admission.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  modified,
  notAllowed,
  notFound,
} from './errors.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';
import { applyPatch } from './patch.ts';
import type { PatchType } from './patch.ts';

/** Where an object is; `namespace` is empty for cluster-scoped kinds. */
export interface Place {
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name: string;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

export interface RemoveOptions {
  readonly dryRun: boolean;
  /** Preconditions: 409 when the object is another one or was changed. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** A patch that names no version is tried again when somebody else was faster. */
const patchAttempts = 5;
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** Unset maps and lists are left out, so that an object reads as it was written. */
function metadataOf(admitted: Admitted, base: Omit<ObjectMeta, 'labels'>): ObjectMeta {
  const { labels, annotations, finalizers, ownerReferences } = admitted.metadata;
  return {
    ...base,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(finalizers.length > 0 ? { finalizers } : {}),
    ...(ownerReferences.length > 0 ? { ownerReferences } : {}),
  };
}

/** What a write may change: everything but status and what the server sets. */
function wishOf(object: ApiObject): unknown {
  const { metadata, status: _status, ...content } = object;
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  return { ...content, labels, annotations, finalizers: finalizers.toSorted(), ownerReferences };
}

/**
 * Reads and writes of objects, without HTTP: what clients send is admitted here, and what admission accepts goes to
 * the backend. Every failure is a StatusError. The manifests folder writes through the same door.
 */
export class Resources {
  readonly #backend: Backend;
  readonly #admission = new Admission();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async get(identity: Identity, place: Place): Promise<ApiObject> {
    await this.#backend.authorize(identity, 'get', place.kind.key, place.namespace, place.name);
    return this.#current(place);
  }

  async create(
    identity: Identity,
    kind: KindInfo,
    namespace: string,
    raw: Json,
    options: WriteOptions,
  ): Promise<Written> {
    if (kind.writer !== 'owner') throw notAllowed(kind);
    const admitted = this.#admission.admit(kind, raw, options.fieldValidation);
    const { metadata } = admitted;
    if (metadata.resourceVersion !== undefined) {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    this.#checkNamespace(metadata.namespace, namespace);
    const name = this.#newName(kind, namespace, admitted);
    await this.#backend.authorize(identity, 'create', kind.key, namespace, name);
    this.#needNamespace(kind, namespace);
    const existing = this.#backend.catalog.get(kind.key, namespace, name);
    if (existing !== undefined) {
      throw alreadyExists(kind, name, existing.metadata.deletionTimestamp !== undefined);
    }
    const object: ApiObject = {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: metadataOf(admitted, {
        name,
        ...(kind.namespaced ? { namespace } : {}),
        uid: randomUUID() as Uid,
        creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      }),
      ...admitted.content,
    };
    const written = await this.#backend.create(identity, kind.key, object, {
      dryRun: options.dryRun,
    });
    return { ...written, warnings: [...admitted.warnings, ...written.warnings] };
  }

  /** Replaces the whole object; conflicts when `raw` names another version or uid than the current one. */
  async update(
    identity: Identity,
    place: Place,
    raw: Json,
    options: WriteOptions,
  ): Promise<Written> {
    if (place.kind.writer !== 'owner') throw notAllowed(place.kind);
    await this.#backend.authorize(identity, 'update', place.kind.key, place.namespace, place.name);
    return this.#replace(identity, place, raw, this.#current(place), options);
  }

  async patch(
    identity: Identity,
    place: Place,
    type: PatchType,
    patch: Json,
    options: WriteOptions,
  ): Promise<Written> {
    return this.change(identity, place, 'patch', options, (current) =>
      applyPatch(type, current as unknown as JsonObject, patch),
    );
  }

  /** Writes what `edit` makes of the current object; again when somebody else was faster and `edit` named no version. */
  async change(
    identity: Identity,
    place: Place,
    verb: 'patch' | 'update',
    options: WriteOptions,
    edit: (current: ApiObject) => Json,
  ): Promise<Written> {
    if (place.kind.writer !== 'owner') throw notAllowed(place.kind);
    await this.#backend.authorize(identity, verb, place.kind.key, place.namespace, place.name);
    for (let attempt = 1; ; attempt++) {
      const current = this.#current(place);
      try {
        return await this.#replace(identity, place, edit(current), current, options);
      } catch (error) {
        const lost = error instanceof StatusError && error.reason === 'Conflict';
        if (!lost || attempt >= patchAttempts || !this.#movedOn(place, current)) throw error;
      }
    }
  }

  async remove(
    identity: Identity,
    place: Place,
    options: RemoveOptions,
  ): Promise<Written & { readonly gone: boolean }> {
    const { kind, namespace, name } = place;
    if (kind.writer !== 'owner') throw notAllowed(kind);
    await this.#backend.authorize(identity, 'delete', kind.key, namespace, name);
    const current = this.#current(place);
    const { uid, resourceVersion } = current.metadata;
    if (options.uid !== undefined && options.uid !== uid) {
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`,
      );
    }
    if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
      throw conflict(
        kind,
        name,
        `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
      );
    }
    if (current.metadata.deletionTimestamp !== undefined) {
      return { object: current, warnings: [], gone: false };
    }
    return this.#backend.remove(identity, kind.key, current, {
      dryRun: options.dryRun,
      ...(options.uid === undefined ? {} : { uid: options.uid as Uid }),
    });
  }

  #current({ kind, namespace, name }: Place): ApiObject {
    const found = this.#backend.catalog.get(kind.key, namespace, name);
    if (found === undefined) throw notFound(kind, name);
    return found;
  }

  #movedOn(place: Place, seen: ApiObject): boolean {
    const now = this.#backend.catalog.get(place.kind.key, place.namespace, place.name);
    return now?.metadata.resourceVersion !== seen.metadata.resourceVersion;
  }

  async #replace(
    identity: Identity,
    place: Place,
    raw: Json,
    current: ApiObject,
    options: WriteOptions,
  ): Promise<Written> {
    const { kind, namespace, name } = place;
    const admitted = this.#admission.admit(kind, raw, options.fieldValidation, name);
    const input = admitted.metadata;
    const { uid, creationTimestamp, deletionTimestamp, finalizers = [] } = current.metadata;
    if (input.name !== name) {
      throw badRequest(
        `the name of the object (${input.name ?? 'none'}) does not match the name on the URL (${name})`,
      );
    }
    this.#checkNamespace(input.namespace, namespace);
    if (input.uid !== undefined && input.uid !== uid) {
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${input.uid}, UID in object meta: ${uid}`,
      );
    }
    const { resourceVersion } = input;
    if (
      resourceVersion !== undefined &&
      resourceVersion !== '0' &&
      resourceVersion !== current.metadata.resourceVersion
    ) {
      throw modified(kind, name);
    }
    const added = input.finalizers.filter((finalizer) => !finalizers.includes(finalizer));
    if (deletionTimestamp !== undefined && added.length > 0) {
      throw invalid(kind, name, [
        {
          field: 'metadata.finalizers',
          reason: 'FieldValueForbidden',
          message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers: ${JSON.stringify(added)}`,
        },
      ]);
    }
    const object: ApiObject = {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: metadataOf(admitted, {
        name,
        ...(kind.namespaced ? { namespace } : {}),
        uid,
        creationTimestamp,
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
        ...(current.metadata.generation === undefined
          ? {}
          : { generation: current.metadata.generation }),
        ...(current.metadata.resourceVersion === undefined
          ? {}
          : { resourceVersion: current.metadata.resourceVersion }),
      }),
      ...admitted.content,
      ...(current.status === undefined ? {} : { status: current.status }),
    };
    if (isDeepStrictEqual(wishOf(object), wishOf(current))) {
      return { object: current, warnings: admitted.warnings };
    }
    const { dryRun } = options;
    const written = await this.#backend.replace(identity, kind.key, object, current, { dryRun });
    const warnings = [...admitted.warnings, ...written.warnings];
    // Status follows a write; of one that never happens it stays what it was, or `kubectl diff` would show it gone.
    const { status } = current;
    const shown = dryRun && status !== undefined ? { ...written.object, status } : written.object;
    return { object: shown, warnings };
  }

  #checkNamespace(found: string | undefined, namespace: string): void {
    if (found === undefined || found === namespace) return;
    throw badRequest(
      `the namespace of the provided object (${found}) does not match the namespace sent on the request (${namespace || 'none'})`,
    );
  }

  #needNamespace(kind: KindInfo, namespace: string): void {
    if (!kind.namespaced) return;
    if (this.#backend.catalog.get(kindKeys.namespace, '', namespace) !== undefined) return;
    throw notFound(
      { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces' },
      namespace,
    );
  }

  #newName(kind: KindInfo, namespace: string, { metadata }: Admitted): string {
    const { name, generateName } = metadata;
    if (name !== undefined) return name;
    if (generateName === undefined) {
      const message = 'Required value: name or generateName is required';
      throw invalid(kind, '', [{ field: 'metadata.name', reason: 'FieldValueRequired', message }]);
    }
    for (let attempt = 0; attempt < 8; attempt++) {
      const suffix = Array.from(
        { length: 5 },
        () => suffixLetters[randomInt(suffixLetters.length)],
      );
      const candidate = generateName + suffix.join('');
      if (this.#backend.catalog.get(kind.key, namespace, candidate) === undefined) return candidate;
    }
    throw alreadyExists(kind, generateName, false);
  }
}
