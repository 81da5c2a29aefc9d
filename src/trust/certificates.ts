import type { CloudId, OwnerName, PeerId, PeerName } from '../objects/ids.ts';

/**
 * Statements signed with Ed25519 over their cborg bytes; the bytes are kept and never re-encoded. Root signs owners,
 * owners sign peers and delegations. `encoded` = cborg [bytes, signature].
 */
export interface OwnerCertificate {
  readonly cloud: CloudId;
  readonly owner: OwnerName;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
  /** Namespaces that belong to this owner: names, or a prefix pattern `name-*`. */
  readonly namespaces: readonly string[];
  readonly issuedAtMs: number;
  readonly encoded: Uint8Array;
}

export interface PeerCertificate {
  readonly cloud: CloudId;
  readonly peer: PeerId;
  readonly name: PeerName;
  readonly owner: OwnerName;
  readonly issuedAtMs: number;
  readonly encoded: Uint8Array;
}

/** "This peer's daemon may sign for me": at most 30 days, revocable. Owner keys never enter a daemon. */
export interface Delegation {
  readonly cloud: CloudId;
  readonly owner: OwnerName;
  readonly peer: PeerId;
  /** Patterns as in OwnerCertificate; `*` is every namespace of the owner and cluster-scoped objects. */
  readonly namespaces: readonly string[];
  /** `create`, `update`, `delete`, or `*`. */
  readonly verbs: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly encoded: Uint8Array;
}

/** What a peer shows of itself: root key → owner → peer. */
export interface PeerCredential {
  /** Raw root public key; its SHA-256 is the cloud id. */
  readonly rootKey: Uint8Array;
  readonly owner: OwnerCertificate;
  readonly peer: PeerCertificate;
}

/** Who asks: an owner, proven by a TLS client certificate, with the delegation that lets this daemon sign for them. */
export interface Identity {
  readonly owner: OwnerName;
}
