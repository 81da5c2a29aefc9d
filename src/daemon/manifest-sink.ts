import { ManifestError, parseManifest, type ManifestObject } from '../client/manifest.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Place, Resources, WriteOptions } from '../api/resources.ts';
import type { KindRegistry } from '../api/kind-registry.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { Identity } from '../trust/certificates.ts';
import type { AppliedObject, ManifestSink } from './manifest-watcher.ts';

const write: WriteOptions = { dryRun: false, fieldValidation: 'Strict' };
const dryRun: WriteOptions = { dryRun: true, fieldValidation: 'Strict' };

interface Components {
  readonly resources: Resources;
  readonly kinds: KindRegistry;
  /** The machine's owner: what lies in the folder is that owner's word. */
  readonly identity: Identity;
  readonly peerName: string;
  /** Labels for this machine's Peer; undefined when no file gives any. */
  readonly setLabels: (labels: Readonly<Record<string, string>> | undefined) => Promise<void>;
  readonly remembered: { get(): string | undefined; put(text: string): void };
}

/** Applies files as the machine's owner, through the same door as clients of the API. */
export class OwnerManifestSink implements ManifestSink {
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
  }

  async apply(file: string, text: string): Promise<readonly AppliedObject[]> {
    const manifests = parseManifest(text, file);
    const steps = manifests.map((manifest) => ({ manifest, place: this.#placeOf(manifest) }));
    for (const { manifest, place } of steps)
      await this.#located(manifest, () => this.#write(place, manifest.object, dryRun));
    const applied: AppliedObject[] = [];
    for (const { manifest, place } of steps) {
      const uid = await this.#located(manifest, () => this.#write(place, manifest.object, write));
      applied.push({
        kind: `${headOf(manifest).apiVersion}/${place.kind.kind}`,
        namespace: place.namespace,
        name: place.name,
        uid,
      });
    }
    return applied;
  }

  async remove(object: AppliedObject): Promise<void> {
    const { kinds, resources, identity, setLabels } = this.#components;
    const at = object.kind.lastIndexOf('/');
    const kind = kinds.ofObject(object.kind.slice(0, at), object.kind.slice(at + 1));
    if (kind === undefined) return;
    if (kind.kind === 'Peer') return setLabels(undefined);
    try {
      const place: Place = { kind, namespace: object.namespace, name: object.name };
      await resources.remove(identity, place, { dryRun: false, uid: object.uid });
    } catch (error) {
      // Gone already, or somebody made a new one under the name: then it is no longer this folder's.
      if (
        error instanceof StatusError &&
        (error.reason === 'NotFound' || error.reason === 'Conflict')
      )
        return;
      throw error;
    }
  }

  load(): ReadonlyMap<string, readonly AppliedObject[]> {
    const text = this.#components.remembered.get();
    if (text === undefined) return new Map();
    return new Map(Object.entries(JSON.parse(text) as Record<string, readonly AppliedObject[]>));
  }

  save(applied: ReadonlyMap<string, readonly AppliedObject[]>): void {
    this.#components.remembered.put(JSON.stringify(Object.fromEntries(applied)));
  }

  #placeOf(manifest: ManifestObject): Place {
    const { apiVersion, kind: kindName, metadata } = headOf(manifest);
    const kind = this.#components.kinds.ofObject(apiVersion, kindName);
    if (kind === undefined) {
      throw new ManifestError(manifest.file, manifest.line, `no kind ${kindName} in ${apiVersion}`);
    }
    return {
      kind,
      namespace: kind.namespaced ? (metadata.namespace ?? 'default') : '',
      name: metadata.name,
    };
  }

  async #write(place: Place, object: JsonObject, options: WriteOptions): Promise<string> {
    if (place.kind.kind === 'Peer') return this.#labelPeer(object, options);
    const { resources, identity } = this.#components;
    try {
      const written = await resources.change(
        identity,
        place,
        'update',
        options,
        () => object as Json,
      );
      return written.object.metadata.uid;
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
    }
    const written = await resources.create(identity, place.kind, place.namespace, object, options);
    return written.object.metadata.uid;
  }

  /** The one part of a Peer that its owner writes: labels, in the machine's own folder. */
  async #labelPeer(object: JsonObject, options: WriteOptions): Promise<string> {
    const metadata = object['metadata'] as JsonObject;
    if (metadata['name'] !== this.#components.peerName) {
      throw new StatusError(
        'Invalid',
        `metadata.name: this folder is of peer ${this.#components.peerName}, and a peer speaks of itself only`,
      );
    }
    const labels = Object.entries((metadata['labels'] ?? {}) as JsonObject);
    if (labels.some(([, value]) => typeof value !== 'string')) {
      throw new StatusError(
        'Invalid',
        'metadata.labels: values are strings; put quotes around numbers and words like yes',
      );
    }
    if (!options.dryRun)
      await this.#components.setLabels(Object.fromEntries(labels) as Record<string, string>);
    return 'labels';
  }

  async #located<T>(manifest: ManifestObject, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StatusError) || error.code >= 500 || error.code === 409) throw error;
      // Strict decoding names the field in its message alone.
      const field =
        error.details?.causes?.[0]?.field ?? /unknown field "([^"]+)"/.exec(error.message)?.[1];
      throw new ManifestError(
        manifest.file,
        field === undefined ? manifest.line : manifest.lineOf(field),
        error.message,
        { cause: error },
      );
    }
  }
}

/** What `parseManifest` has made sure of. */
function headOf(manifest: ManifestObject): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
} {
  return manifest.object as unknown as ReturnType<typeof headOf>;
}
