import { StatusError } from '../objects/status-error.ts';
import { RelayError } from '../network/relay-error.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { verifyDelegation } from '../trust/delegation.ts';
import { verifyOwnerCertificate } from '../trust/owner-certificate.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Link, Network } from '../network/network.ts';
import type { OwnerName, PeerId } from '../objects/ids.ts';
import type { InstanceSpec } from '../objects/kinds/instance.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { Grant } from './backend.ts';

interface LogOptions {
  readonly follow: boolean;
  readonly tailLines?: number;
  readonly signal: AbortSignal;
}

interface Components {
  readonly catalog: LiveCatalog;
  readonly network: Network;
  readonly crypto: Crypto;
  readonly credential: PeerCredential;
  readonly grants: ReadonlyMap<OwnerName, Grant>;
  /** The driver that has the instance of a slice on this machine, and its id there. */
  readonly local: (sliceUid: string) => Promise<{ driver: Driver; id: string } | undefined>;
}

/** What a log request carries to another peer: what is asked, and proof that its owner lets this peer ask. */
interface LogRequest {
  readonly namespace: string;
  readonly instance: string;
  readonly follow: boolean;
  readonly tailLines?: number;
  /** Base64 of the `encoded` statements. */
  readonly ownerCertificate: string;
  readonly delegation: string;
}

/**
 * Reads an instance's log wherever it runs. Only the slice's owner and the machine's owner may: the peer that runs it
 * decides, by a delegation that names the asking peer.
 */
export class InstanceLogs {
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
    components.network.handle('logs', (from, body, signal) => this.#serve(from, body, signal));
  }

  async *read(
    owner: OwnerName,
    namespace: string,
    name: string,
    options: LogOptions,
  ): AsyncGenerator<Uint8Array, void, void> {
    const { catalog, network, credential, grants } = this.#components;
    const instance = catalog.get(kindKeys.instance, namespace, name);
    if (instance === undefined) {
      throw new StatusError('NotFound', `instances.p2pcs.io "${name}" not found`, {
        name,
        kind: 'instances',
      });
    }
    const spec = instance.spec as unknown as InstanceSpec;
    if (spec.peerId === network.self) {
      this.#refuse(owner, namespace, name);
      yield* this.#readLocal(spec, name, options);
      return;
    }
    const grant = grants.get(owner);
    if (grant === undefined)
      throw new StatusError('Forbidden', `${owner} has no delegation to ${credential.peer.name}`);
    const request: LogRequest = {
      namespace,
      instance: name,
      follow: options.follow,
      ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
      ownerCertificate: Buffer.from(grant.certificate.encoded).toString('base64'),
      delegation: Buffer.from(grant.delegation.encoded).toString('base64'),
    };
    const body = new TextEncoder().encode(JSON.stringify(request));
    try {
      yield* network.stream(spec.peerId as PeerId, 'logs', body, { signal: options.signal });
    } catch (error) {
      if (options.signal.aborted) return;
      const { code, message } = error as { code?: string; message: string };
      if (code === 'refused') throw new StatusError('Forbidden', message);
      if (code === 'notFound') throw new StatusError('NotFound', message);
      throw new StatusError(
        'ServiceUnavailable',
        `cannot read the log of ${name} on ${spec.peer}: ${message}`,
      );
    }
  }

  async *#serve(
    from: Link,
    body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    const request = parseRequest(body);
    if (request === undefined) throw new RelayError('failed', 'the log request is malformed');
    const owner = this.#proven(from, request);
    if (owner === undefined) {
      throw new RelayError(
        'refused',
        `${from.credential.peer.name} did not prove whom it asks for`,
      );
    }
    const instance = this.#components.catalog.get(
      kindKeys.instance,
      request.namespace,
      request.instance,
    );
    const spec = instance?.spec as unknown as InstanceSpec | undefined;
    if (spec === undefined || spec.peerId !== this.#components.network.self) {
      throw new RelayError('notFound', `${request.instance} does not run here`);
    }
    const { follow, tailLines } = request;
    try {
      this.#refuse(owner, request.namespace, request.instance);
      const options = { follow, signal, ...(tailLines === undefined ? {} : { tailLines }) };
      yield* this.#readLocal(spec, request.instance, options);
    } catch (error) {
      throw toRelayError(error);
    }
  }

  async *#readLocal(
    spec: InstanceSpec,
    name: string,
    options: LogOptions,
  ): AsyncGenerator<Uint8Array, void, void> {
    const found = await this.#components.local(spec.slice.uid);
    if (found === undefined) {
      throw new StatusError(
        'NotFound',
        `${name} has no log here: nothing of it was ever started, or it was removed`,
      );
    }
    yield* found.driver.logs(found.id, options);
  }

  /** Throws unless this owner may read it: the namespace is theirs, or the machine is. */
  #refuse(owner: OwnerName, namespace: string, name: string): void {
    const { catalog, credential } = this.#components;
    if (owner === credential.peer.owner) return;
    const holder = catalog.get(kindKeys.namespace, '', namespace)?.metadata.labels?.[
      'p2pcs.io/owner'
    ];
    if (holder === owner || namespace === owner || namespace.startsWith(`${owner}-`)) return;
    throw new StatusError(
      'Forbidden',
      `${owner} may not read the log of ${namespace}/${name} on ${credential.peer.name}: only the slice's owner and ${credential.peer.owner}, the machine's owner, may`,
    );
  }

  #proven(from: Link, request: LogRequest): OwnerName | undefined {
    const { crypto, credential } = this.#components;
    const root = { cloud: credential.peer.cloud, rootKey: credential.rootKey };
    const certificate = verifyOwnerCertificate(
      Buffer.from(request.ownerCertificate, 'base64'),
      root,
      crypto,
    );
    if (certificate.ok === undefined) return undefined;
    const delegation = verifyDelegation(
      Buffer.from(request.delegation, 'base64'),
      certificate.ok,
      crypto,
    );
    if (delegation.ok === undefined || delegation.ok.peer !== from.peer) return undefined;
    return Date.now() <= delegation.ok.expiresAtMs ? certificate.ok.owner : undefined;
  }
}

/** The same refusal in the words of the relay. */
function toRelayError(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const { message } = error as Error;
  if (!(error instanceof StatusError)) return new RelayError('failed', message);
  const codes = { Forbidden: 'refused', NotFound: 'notFound' } as const;
  const code =
    error.reason === 'Forbidden' || error.reason === 'NotFound' ? codes[error.reason] : 'failed';
  return new RelayError(code, message);
}

function parseRequest(body: Uint8Array): LogRequest | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as LogRequest;
    const isComplete =
      [value.namespace, value.instance, value.ownerCertificate, value.delegation].every(
        (field) => typeof field === 'string',
      ) && typeof value.follow === 'boolean';
    const { tailLines } = value;
    if (!isComplete || (tailLines !== undefined && !Number.isSafeInteger(tailLines)))
      return undefined;
    return value;
  } catch {
    return undefined;
  }
}
