import { kindKeys } from '../objects/kind-keys.ts';
import { delegatesNamespace, ownsNamespace } from '../trust/namespaces.ts';
import { maxAheadMs } from './bounds.ts';
import type { Delegation, OwnerCertificate, PeerCertificate } from '../trust/certificates.ts';
import type { KindKey } from '../objects/ids.ts';
import type { Json } from '../objects/json.ts';
import type { RecordBody } from './record.ts';

/** Whether objects of this kind are a peer's statements about itself, so that no owner may write them. */
function isPeerWritten(kind: KindKey): boolean {
  return kind === kindKeys.peer || kind === kindKeys.claim || kind === kindKeys.instance;
}

/** Why a record of class owner is none of this owner and delegation; undefined when it is. */
export function objectionToOwnerRecord(
  body: RecordBody,
  owner: OwnerCertificate,
  delegation: Delegation,
): string | undefined {
  const what = `${body.kind} ${body.namespace === '' ? '' : `${body.namespace}/`}${body.name}`;
  if (isPeerWritten(body.kind)) return `${what}: only a peer writes ${body.kind}, about itself`;
  if (body.owner !== owner.owner)
    return `${what}: it names owner ${body.owner}, its certificate ${owner.owner}`;
  if (body.signer !== delegation.peer) {
    return `${what}: it was signed by ${body.signer}, but ${owner.owner} delegated to ${delegation.peer}`;
  }
  const [ms] = body.order;
  // The login and the daemon may run on machines whose clocks differ by what is tolerated between peers.
  if (ms < delegation.issuedAtMs - maxAheadMs || ms > delegation.expiresAtMs) {
    return (
      `${what}: the delegation of ${owner.owner} is valid from ${timeOf(delegation.issuedAtMs)} to ` +
      `${timeOf(delegation.expiresAtMs)}, and this was written at ${timeOf(ms)}; log in again`
    );
  }
  if (!ownsNamespace(owner, body.namespace)) {
    return (
      `${what}: namespace ${body.namespace} does not belong to ${owner.owner}, ` +
      `who owns ${owner.namespaces.join(', ') || 'none'}`
    );
  }
  if (!delegatesNamespace(delegation, body.namespace)) {
    const place =
      body.namespace === '' ? 'objects without a namespace' : `namespace ${body.namespace}`;
    return `${what}: the delegation of ${owner.owner} to this peer does not reach ${place}`;
  }
  const verb = verbOf(body);
  if (!delegation.verbs.includes(verb) && !delegation.verbs.includes('*')) {
    return `${what}: the delegation of ${owner.owner} to this peer does not allow ${verb}`;
  }
  return undefined;
}

/** Why a record of class peer is none that this peer may write: it speaks of itself alone. */
export function objectionToPeerRecord(body: RecordBody, peer: PeerCertificate): string | undefined {
  const what = `${body.kind} ${body.name}`;
  if (!isPeerWritten(body.kind))
    return `${what}: a peer cannot write ${body.kind}, only an owner can`;
  if (body.signer !== peer.peer)
    return `${what}: it was signed by ${body.signer}, not by ${peer.name}`;
  if (body.owner !== peer.owner)
    return `${what}: it names owner ${body.owner}, but ${peer.name} is of ${peer.owner}`;
  if (body.slot !== 'object' && body.slot !== 'tombstone')
    return `${what}: a peer writes no slot ${body.slot}`;
  const isPeer = body.kind === kindKeys.peer;
  if (isPeer !== (body.namespace === ''))
    return `${what}: namespace "${body.namespace}" does not fit its kind`;
  if (isPeer ? body.name !== peer.name : !body.name.endsWith(`-${peer.name}`)) {
    return `${what}: it is not named after ${peer.name}, who wrote it`;
  }
  if (body.slot === 'tombstone') return undefined;
  if (member(body.value['spec'], 'peerId') !== peer.peer)
    return `${what}: it speaks of another peer than ${peer.name}`;
  const [field, expected] = isPeer ? ['owner', peer.owner] : ['peer', peer.name];
  if (member(body.value['spec'], field) !== expected)
    return `${what}: its spec.${field} is not ${expected}`;
  return undefined;
}

function verbOf(body: RecordBody): 'create' | 'update' | 'delete' {
  if (body.slot === 'deleting' || body.slot === 'tombstone') return 'delete';
  return body.slot === 'object' && body.base === null ? 'create' : 'update';
}

function member(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, Json>>)[key];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
