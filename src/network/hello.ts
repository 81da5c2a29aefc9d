import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { toHex } from '../lib/hex.ts';
import { verifyCredential } from '../trust/credential.ts';
import { parseAddress } from './address.ts';
import { addressesPerPeerMax } from './address-book.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { CloudId, PeerId } from '../objects/ids.ts';
import type { PeerCredential } from '../trust/certificates.ts';

/** Grows when two daemons could no longer understand each other's frames. */
export const linkProtocolVersion = 2;
export const helloBytesMax: number = 8 * 1024;
const softwareLengthMax = 64;
const linkIdBytes = 8;

const bounds = { maxBytes: helloBytesMax, maxDepth: 2, maxItems: 32 };

/** The first frame each way on a link: who one is, for which cloud, since when, and where to be reached. */
export interface Hello {
  readonly credential: PeerCredential;
  /** Grows at every start of the daemon. */
  readonly boot: number;
  readonly addresses: readonly string[];
  /** Version of the software, for logs. */
  readonly software: string;
  /** The dialler's name for this link, 8 random bytes in hex; the answer repeats it. */
  readonly linkId: string;
  /** The link with this peer that the sender saw break last: it is dead, whatever the receiver believes. */
  readonly lostLinkId?: string;
}

export interface HelloFields {
  readonly cloud: CloudId;
  /** As `encodeCredential` writes it. */
  readonly credential: Uint8Array;
  readonly boot: number;
  readonly addresses: readonly string[];
  readonly software: string;
  readonly linkId: Uint8Array;
  readonly lostLinkId: Uint8Array | null;
}

/** cborg `[version, cloud, credential, boot, addresses, software, link id, lost link id or null]`. */
export function encodeHello(fields: HelloFields): Uint8Array {
  return encode([
    linkProtocolVersion,
    fields.cloud,
    fields.credential,
    fields.boot,
    fields.addresses,
    fields.software,
    fields.linkId,
    fields.lostLinkId,
  ]);
}

/**
 * Whether the peer behind this connection is one of our cloud: its protocol version, its cloud, its certificates,
 * and that their peer is the one whose key Noise saw at work.
 */
export function checkHello(
  bytes: Uint8Array,
  provenPeer: PeerId,
  cloud: CloudId,
  crypto: Crypto,
): Result<Hello> {
  const parts = decodeBounded(bytes, bounds);
  if (!Array.isArray(parts)) return { reason: 'its hello cannot be read' };
  const [version, theirCloud, credentialBytes, boot, addresses, software, linkId, lost] =
    parts as readonly unknown[];
  if (version !== linkProtocolVersion) {
    return typeof version === 'number'
      ? {
          reason: `it speaks version ${version} of the link protocol and this daemon version ${linkProtocolVersion}; upgrade the older of the two`,
        }
      : { reason: 'its hello cannot be read' };
  }
  if (theirCloud !== cloud) return { reason: 'it is of another cloud' };
  if (
    parts.length !== 8 ||
    !(credentialBytes instanceof Uint8Array) ||
    !isWhole(boot) ||
    !isTexts(addresses) ||
    typeof software !== 'string' ||
    software.length > softwareLengthMax ||
    !isLinkId(linkId) ||
    (lost !== null && !isLinkId(lost))
  ) {
    return { reason: 'its hello cannot be read' };
  }
  const credential = verifyCredential(cloud, credentialBytes, crypto);
  if (credential.ok === undefined) return credential;
  const { peer: certified, name } = credential.ok.peer;
  if (certified !== provenPeer) {
    return {
      reason: `it shows the certificate of ${name} (${certified}), whose key it does not have`,
    };
  }
  return {
    ok: {
      credential: credential.ok,
      boot,
      addresses: addresses
        .map((text) => parseAddress(text)?.text)
        .filter((text) => text !== undefined),
      software,
      linkId: toHex(linkId),
      ...(lost === null ? {} : { lostLinkId: toHex(lost) }),
    },
  };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= addressesPerPeerMax &&
    value.every((text) => typeof text === 'string')
  );
}

function isLinkId(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === linkIdBytes;
}
