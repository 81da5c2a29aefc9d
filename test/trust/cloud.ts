import { createCrypto, createSigner } from '../../src/daemon/crypto.ts';
import { cloudIdOf } from '../../src/trust/cloud-id.ts';
import { encodeCredential } from '../../src/trust/credential.ts';
import { issueDelegation } from '../../src/trust/delegation.ts';
import { issueOwnerCertificate } from '../../src/trust/owner-certificate.ts';
import { issuePeerCertificate } from '../../src/trust/peer-certificate.ts';
import { peerIdFromPublicKey } from '../../src/trust/peer-id.ts';
import type { Crypto, Signer } from '../../src/lib/crypto.ts';
import type { CloudId, OwnerName, PeerId, PeerName } from '../../src/objects/ids.ts';
import type {
  Delegation,
  OwnerCertificate,
  PeerCertificate,
} from '../../src/trust/certificates.ts';

export const crypto: Crypto = createCrypto();

export interface TestOwner {
  readonly signer: Signer;
  readonly certificate: OwnerCertificate;
}

export interface TestPeer {
  readonly signer: Signer;
  readonly id: PeerId;
  readonly certificate: PeerCertificate;
  readonly credential: Uint8Array;
}

/** Keys that are the same in every run: the SHA-256 of a text is a seed. */
function signerOf(text: string): Signer {
  return createSigner(crypto.hash(new TextEncoder().encode(text)));
}

/** A cloud made of real keys and certificates. */
export class TestCloud {
  readonly root: Signer;
  readonly id: CloudId;
  readonly issuedAtMs = 1_700_000_000_000;

  constructor(name = 'cloud') {
    this.root = signerOf(`${name} root`);
    this.id = cloudIdOf(this.root.publicKey, crypto);
  }

  owner(name: string, namespaces: readonly string[] = ['default', name, `${name}-*`]): TestOwner {
    const signer = signerOf(`${this.id} owner ${name}`);
    const certificate = issueOwnerCertificate(this.root, {
      cloud: this.id,
      owner: name as OwnerName,
      key: signer.publicKey,
      namespaces,
      issuedAtMs: this.issuedAtMs,
    });
    return { signer, certificate };
  }

  peer(name: string, owner: TestOwner): TestPeer {
    const signer = signerOf(`${this.id} peer ${name}`);
    const id = peerIdFromPublicKey(signer.publicKey);
    const certificate = issuePeerCertificate(owner.signer, {
      cloud: this.id,
      peer: id,
      name: name as PeerName,
      owner: owner.certificate.owner,
      issuedAtMs: this.issuedAtMs,
    });
    const credential = encodeCredential({
      rootKey: this.root.publicKey,
      owner: owner.certificate,
      peer: certificate,
    });
    return { signer, id, certificate, credential };
  }

  delegation(
    owner: TestOwner,
    peer: TestPeer,
    changes: Partial<Omit<Delegation, 'encoded'>> = {},
  ): Delegation {
    return issueDelegation(owner.signer, {
      cloud: this.id,
      owner: owner.certificate.owner,
      peer: peer.id,
      namespaces: ['*'],
      verbs: ['*'],
      issuedAtMs: this.issuedAtMs,
      expiresAtMs: this.issuedAtMs + 30 * 24 * 3600 * 1000,
      ...changes,
    });
  }
}
