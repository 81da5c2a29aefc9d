import { X509Certificate } from 'node:crypto';

import { fromBase64, toBase64 } from '../../lib/base64.ts';
import { issueDelegation, maxDelegationMs, parseDelegation } from '../../trust/delegation.ts';
import { issuePeerCertificate } from '../../trust/peer-certificate.ts';
import type { Bundle } from '../../trust/bundle.ts';
import type { CloudId, OwnerName, PeerId, PeerName } from '../../objects/ids.ts';
import type { OwnKey } from './keys.ts';
import type { OwnerCertificate } from '../../trust/certificates.ts';

const dayMs = 86_400_000;
/** A delegation lasts 30 days; it is renewed when fewer than these are left. */
const delegationLeftMinMs = 20 * dayMs;
const certificateLeftMinMs = 30 * dayMs;

/** An owner whose key is on this machine. */
export interface OwnerAtHand {
  readonly certificate: OwnerCertificate;
  readonly key: OwnKey;
}

export interface BundleRequest {
  readonly cloud: { readonly id: CloudId; readonly rootKey: string };
  readonly name: string;
  readonly peerId: PeerId;
  readonly peerKey: OwnKey;
  /** The first one owns the machine. */
  readonly owners: readonly OwnerAtHand[];
  readonly bootstrap: readonly string[];
  readonly listen: readonly string[];
  readonly drivers: readonly string[];
  readonly mdns: boolean;
  readonly apiPort: number;
}

type OwnerEntry = Bundle['owners'][number];

function delegate(cloud: CloudId, owner: OwnerAtHand, peer: PeerId): OwnerEntry {
  const nowMs = Date.now();
  const { encoded } = issueDelegation(owner.key.signer, {
    cloud,
    owner: owner.certificate.owner,
    peer,
    namespaces: ['*'],
    verbs: ['*'],
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + maxDelegationMs,
  });
  return {
    owner: owner.certificate.owner,
    certificate: toBase64(owner.certificate.encoded),
    delegation: toBase64(encoded),
  };
}

const apiHost = '127.0.0.1';

const namesOf = (owners: readonly OwnerAtHand[]): readonly OwnerName[] =>
  owners.map(({ certificate }) => certificate.owner);

/** Makes all that a new peer needs. The second part is the key of its API's CA. */
export async function issueBundle(
  request: BundleRequest,
): Promise<{ readonly bundle: Bundle; readonly apiCaKey: string }> {
  const { cloud, peerId, owners } = request;
  const [machineOwner] = owners;
  if (machineOwner === undefined) throw new Error(`no owner for peer ${request.name}`);
  const { createApiCertificates } = await import('../../api/certificates.ts');
  const api = await createApiCertificates({ clients: namesOf(owners) });
  const certificate = issuePeerCertificate(machineOwner.key.signer, {
    cloud: cloud.id,
    peer: peerId,
    name: request.name as PeerName,
    owner: machineOwner.certificate.owner,
    issuedAtMs: Date.now(),
  });
  const bundle: Bundle = {
    version: 1,
    cloud,
    peer: {
      name: request.name,
      peerId,
      privateKey: toBase64(request.peerKey.seed),
      ownerCertificate: toBase64(machineOwner.certificate.encoded),
      certificate: toBase64(certificate.encoded),
    },
    owners: owners.map((owner) => delegate(cloud.id, owner, peerId)),
    bootstrap: request.bootstrap,
    listen: request.listen,
    ...(request.drivers.length === 0 ? {} : { drivers: request.drivers }),
    ...(request.mdns ? { mdns: true } : {}),
    api: {
      host: apiHost,
      port: request.apiPort,
      ca: api.ca,
      certificate: api.certificate,
      key: api.key,
      clients: api.clients,
    },
  };
  return { bundle, apiCaKey: api.caKey };
}

function isDelegationFresh(entry: OwnerEntry | undefined): boolean {
  const encoded = entry === undefined ? undefined : fromBase64(entry.delegation);
  const parsed = encoded === undefined ? undefined : parseDelegation(encoded).ok;
  return parsed !== undefined && parsed.expiresAtMs - Date.now() > delegationLeftMinMs;
}

const isCertificateFresh = (pem: string): boolean =>
  new X509Certificate(pem).validToDate.getTime() - Date.now() > certificateLeftMinMs;

/**
 * The bundle with every owner in it, delegations and API certificates that near their end renewed. The same object
 * when nothing had to change.
 */
export async function renewBundle(
  bundle: Bundle,
  owners: readonly OwnerAtHand[],
  apiCaKey: string,
): Promise<{ readonly bundle: Bundle; readonly apiCaKey: string }> {
  const known = new Map(bundle.owners.map((entry) => [entry.owner, entry]));
  const isStale = ({ certificate }: OwnerAtHand): boolean =>
    !isDelegationFresh(known.get(certificate.owner));
  const isApiFresh = [bundle.api.ca, bundle.api.certificate]
    .concat(bundle.api.clients.map((client) => client.certificate))
    .every(isCertificateFresh);
  const newcomers = owners.filter(
    ({ certificate }) => !bundle.api.clients.some((client) => client.owner === certificate.owner),
  );
  if (isApiFresh && newcomers.length === 0 && !owners.some(isStale)) return { bundle, apiCaKey };

  const peerId = bundle.peer.peerId as PeerId;
  const entries = owners.map((owner) =>
    isStale(owner)
      ? delegate(bundle.cloud.id as CloudId, owner, peerId)
      : known.get(owner.certificate.owner)!,
  );
  const { createApiCertificates, issueClientCertificate } =
    await import('../../api/certificates.ts');
  if (!isApiFresh) {
    const { caKey, ...api } = await createApiCertificates({ clients: namesOf(owners) });
    return {
      apiCaKey: caKey,
      bundle: { ...bundle, owners: entries, api: { ...bundle.api, ...api } },
    };
  }
  const clients = await Promise.all(
    namesOf(newcomers).map((owner) => issueClientCertificate(bundle.api.ca, apiCaKey, owner)),
  );
  const api = { ...bundle.api, clients: [...bundle.api.clients, ...clients] };
  return { apiCaKey, bundle: { ...bundle, owners: entries, api } };
}
