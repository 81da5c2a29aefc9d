import { kindKeys } from '../objects/kind-keys.ts';
import { ownsNamespace } from '../trust/namespaces.ts';
import type { OwnerName, Uid } from '../objects/ids.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import type { OwnerCertificate } from '../trust/certificates.ts';

/** Namespaces are what the root granted to owners; this shows those of the owners that this peer has met. */
export class Namespaces {
  readonly #catalog: LiveCatalog;
  readonly #owners = new Map<OwnerName, OwnerCertificate>();

  constructor(catalog: LiveCatalog) {
    this.#catalog = catalog;
  }

  learn(certificate: OwnerCertificate): void {
    const known = this.#owners.get(certificate.owner);
    if (known !== undefined && known.issuedAtMs >= certificate.issuedAtMs) return;
    this.#owners.set(certificate.owner, certificate);
    for (const namespace of certificate.namespaces) {
      if (!namespace.includes('*')) this.#show(namespace, certificate);
    }
  }

  /** Whether it is somebody's. One that a pattern grants comes into sight with its first use. */
  isKnown(namespace: string): boolean {
    const certificate = this.#holderOf(namespace);
    if (certificate !== undefined) this.#show(namespace, certificate);
    return certificate !== undefined;
  }

  ownerOf(namespace: string): OwnerName | undefined {
    return this.#holderOf(namespace)?.owner;
  }

  #holderOf(namespace: string): OwnerCertificate | undefined {
    return [...this.#owners.values()].find((certificate) => ownsNamespace(certificate, namespace));
  }

  #show(namespace: string, certificate: OwnerCertificate): void {
    this.#catalog.put(kindKeys.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        uid: `namespace-${namespace}` as Uid,
        labels: { 'kubernetes.io/metadata.name': namespace, 'p2pcs.io/owner': certificate.owner },
        creationTimestamp: new Date(certificate.issuedAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
      status: { phase: 'Active' },
    });
  }
}
