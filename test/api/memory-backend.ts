import type { Backend, Written } from '../../src/api/backend.ts';
import type { KindKey, Uid } from '../../src/objects/ids.ts';
import type { Json } from '../../src/objects/json.ts';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import type { Slice, SliceStatus } from '../../src/objects/kinds/slice.ts';
import type { ApiObject } from '../../src/objects/object.ts';
import { StatusError } from '../../src/objects/status-error.ts';
import { LiveCatalog } from '../../src/store/live-catalog.ts';
import type { Identity } from '../../src/trust/certificates.ts';

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** One peer's daemon as the API sees it: the real catalog over a map, without signatures, disk and network. */
export class MemoryBackend implements Backend {
  refresh(): Promise<void> {
    return Promise.resolve();
  }

  readonly catalog: LiveCatalog;
  /** How often `create`, `replace` and `remove` were called. */
  writes = 0;
  readonly logLines: string[] = [];

  constructor(firstResourceVersion = 1000) {
    this.catalog = new LiveCatalog(firstResourceVersion);
    for (const name of ['default', 'lab']) {
      this.put(kindKeys.namespace, { apiVersion: 'v1', kind: 'Namespace', name });
    }
  }

  /** Puts an object that some peer wrote or derived. */
  put(
    kind: KindKey,
    {
      apiVersion,
      kind: kindName,
      name,
      namespace,
      labels,
      ...content
    }: {
      apiVersion: string;
      kind: string;
      name: string;
      namespace?: string;
      labels?: Record<string, string>;
      spec?: unknown;
      status?: unknown;
    },
  ): ApiObject {
    const known = this.catalog.get(kind, namespace ?? '', name);
    return this.catalog.put(kind, {
      apiVersion,
      kind: kindName,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labels === undefined ? {} : { labels }),
        uid: known?.metadata.uid ?? (`uid-${kindName}-${name}` as Uid),
        creationTimestamp: known?.metadata.creationTimestamp ?? now(),
      },
      ...content,
    } as ApiObject);
  }

  /** Resolves when the catalog makes `holds` true. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.catalog.subscribe(() => check());
      const check = (): void => {
        if (!holds()) return;
        unsubscribe();
        resolve();
      };
      check();
    });
  }

  /** Makes a slice look as if all its members were ready. */
  settle(namespace: string, name: string): void {
    const slice = this.catalog.get(kindKeys.slice, namespace, name) as unknown as Slice;
    const generation = slice.metadata.generation ?? 1;
    const wanted = slice.spec?.size ?? slice.spec?.percent ?? 0;
    const status: SliceStatus = {
      observedGeneration: generation,
      specHash: 'test',
      desiredMembers: wanted,
      heldMembers: wanted,
      readyMembers: wanted,
      members: Array.from({ length: wanted }, (_, index) => ({
        peer: `node${index + 1}`,
        state: 'Ready',
        index,
      })),
      selector: `p2pcs.io/slice=${name}`,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'AllReady',
          message: `${wanted} of ${wanted} members are ready`,
          lastTransitionTime: now(),
          observedGeneration: generation,
        },
      ],
    };
    this.catalog.put(kindKeys.slice, { ...slice, status } as unknown as ApiObject);
  }

  authorize(identity: Identity, verb: string, kind: KindKey, namespace: string): Promise<void> {
    const isRead = ['get', 'list', 'watch'].includes(verb);
    if (isRead || identity.owner === 'alice' || namespace === 'lab') return Promise.resolve();
    return Promise.reject(
      new StatusError(
        'Forbidden',
        `${identity.owner} may not ${verb} ${kind} in ${namespace || 'the cloud'}: the namespace belongs to alice`,
      ),
    );
  }

  create(
    _identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written> {
    if (options.dryRun) return Promise.resolve({ object, warnings: [] });
    this.writes += 1;
    return Promise.resolve({ object: this.catalog.put(kind, object), warnings: [] });
  }

  replace(
    _identity: Identity,
    kind: KindKey,
    object: ApiObject,
    basedOn: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written> {
    const { namespace = '', name, resourceVersion } = basedOn.metadata;
    if (this.catalog.get(kind, namespace, name)?.metadata.resourceVersion !== resourceVersion) {
      return Promise.reject(new StatusError('Conflict', `${name} was changed`));
    }
    if (options.dryRun) {
      const { status: _derived, ...written } = object;
      return Promise.resolve({ object: written, warnings: [] });
    }
    this.writes += 1;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) {
      this.catalog.drop(kind, namespace, name);
      return Promise.resolve({ object, warnings: [] });
    }
    const { resourceVersion: _local, generation: _counted, ...metadata } = object.metadata;
    return Promise.resolve({
      object: this.catalog.put(kind, { ...object, metadata }),
      warnings: ['only this peer has it: no other answered within a second'],
    });
  }

  remove(
    _identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written & { readonly gone: boolean }> {
    const { namespace = '', name, finalizers = [] } = object.metadata;
    const gone = finalizers.length === 0;
    if (options.dryRun) return Promise.resolve({ object, warnings: [], gone });
    this.writes += 1;
    if (gone) {
      this.catalog.drop(kind, namespace, name);
      return Promise.resolve({ object, warnings: [], gone });
    }
    const { resourceVersion: _local, generation: _counted, ...metadata } = object.metadata;
    const held = this.catalog.put(kind, {
      ...object,
      metadata: { ...metadata, deletionTimestamp: now() },
    });
    return Promise.resolve({ object: held, warnings: [], gone });
  }

  async *logs(
    _identity: Identity,
    _namespace: string,
    instance: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<Uint8Array> {
    if (instance === 'web-node2')
      throw new StatusError('ServiceUnavailable', 'node2 does not answer');
    const lines = this.logLines.slice(options.tailLines === undefined ? 0 : -options.tailLines);
    for (const line of lines) yield Buffer.from(`${line}\n`);
    if (!options.follow) return;
    await new Promise((resolve) =>
      options.signal.addEventListener('abort', resolve, { once: true }),
    );
  }

  query(
    identity: Identity,
    name: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Json> {
    if (name === 'info') return Promise.resolve({ owner: identity.owner, parameters });
    return Promise.reject(new StatusError('NotFound', `there is no query ${name}`));
  }

  recordEvent(event: {
    readonly regarding: ApiObject;
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }): void {
    const { apiVersion, kind, metadata } = event.regarding;
    const { name, namespace = 'default', uid } = metadata;
    this.catalog.put(kindKeys.event, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${this.catalog.resourceVersion()}`,
        namespace,
        uid: `uid-event-${this.catalog.resourceVersion()}` as Uid,
        creationTimestamp: now(),
      },
      involvedObject: {
        apiVersion,
        kind,
        name,
        ...(metadata.namespace === undefined ? {} : { namespace }),
        uid,
      },
      type: event.type,
      reason: event.reason,
      message: event.message,
      reportingComponent: 'p2pcsd',
      reportingInstance: 'node1',
      firstTimestamp: now(),
      lastTimestamp: now(),
      count: 1,
    } as unknown as ApiObject);
  }
}
