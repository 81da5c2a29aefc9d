/** Branded identifiers: a bare string never stands for one of these by accident. */
type Brand<T, B extends string> = T & { readonly __brand: B };

/** libp2p peer id in base58btc (`12D3Koo…`): the hash of a machine's Ed25519 key, proven by Noise. */
export type PeerId = Brand<string, 'PeerId'>;
/** The lowercase name in a peer's certificate (`node3`): a DNS-1123 label. */
export type PeerName = Brand<string, 'PeerName'>;
/** The lowercase name in an owner's certificate (`alice`): a DNS-1123 label. */
export type OwnerName = Brand<string, 'OwnerName'>;
/** SHA-256 of the cloud root's raw public key, lowercase hex. */
export type CloudId = Brand<string, 'CloudId'>;
/** Identity of one object over its whole life; a name that is used again gets a new one. */
export type Uid = Brand<string, 'Uid'>;
/** `group/Kind`, the key of a kind everywhere inside: `p2pcs.io/Slice`; core kinds have an empty group (`/Event`). */
export type KindKey = Brand<string, 'KindKey'>;
