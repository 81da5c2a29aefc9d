import type { PeerId } from '../objects/ids.ts';

/** What gossip carries of a peer: where it is, and how many cycles ago its owner said so. */
export interface Descriptor {
  readonly peer: PeerId;
  /** Cycles since the peer itself made this descriptor; copied along, one more per cycle at each holder. */
  readonly age: number;
  /** Multiaddresses, may be empty where others carry them. */
  readonly addresses: readonly string[];
}

/** Ages beyond this say no more. */
export const ageMax = 1_000_000;
