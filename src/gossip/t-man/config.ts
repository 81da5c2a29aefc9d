/** How a T-Man ring behaves. */
export interface TManConfig {
  /** k: nearest successors and as many predecessors kept. 2k = 80 cures the endgame; less leaves gaps at 2^14 peers. */
  readonly sideSize: number;
  /** m: entries in a message, half of them nearest on each side of the receiver. */
  readonly messageSize: number;
  /** psi: while the neighbourhood changes, one more partner is drawn from the psi nearest. */
  readonly partnerPool: number;
  /** The neighbourhood counts as changing for so many cycles after its last change. */
  readonly settleCycles: number;
  /** Random members from the slice's peer sampling, looked at in every cycle. */
  readonly randomSamples: number;
  /** Tombstones kept, and how many of the newest go into a message. */
  readonly tombstonesMax: number;
  readonly tombstonesSent: number;
  /** A tombstone is kept for so many cycles: longer than a dead entry may survive in other views. */
  readonly tombstoneCycles: number;
}

export const lanTMan: TManConfig = {
  sideSize: 40,
  messageSize: 20,
  partnerPool: 10,
  settleCycles: 3,
  randomSamples: 2,
  tombstonesMax: 256,
  tombstonesSent: 20,
  tombstoneCycles: 40,
};

export function checkTMan(config: TManConfig): void {
  if (config.sideSize < 1 || config.sideSize > 500) {
    throw new RangeError(`sideSize is 1 to 500, not ${config.sideSize}`);
  }
  if (config.messageSize < 2 || config.messageSize > 100) {
    throw new RangeError(`messageSize is 2 to 100, not ${config.messageSize}`);
  }
  if (config.tombstonesSent > 20) {
    throw new RangeError(`tombstonesSent is at most 20, not ${config.tombstonesSent}`);
  }
}
