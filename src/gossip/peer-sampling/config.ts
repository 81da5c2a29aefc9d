/** How peer sampling behaves; peers may differ in it. */
export interface SamplingConfig {
  /** c: descriptors in the view. More survives more deaths and costs memory and bytes. */
  readonly viewSize: number;
  /** Descriptors in a message while something changes, the sender's own included; c/2 in the paper. */
  readonly exchangeSize: number;
  /** The same while the cloud is quiet. Fewer costs less and mixes slower. */
  readonly quietExchangeSize: number;
  /** H: old descriptors dropped in each exchange. Low spreads in-degrees evenly, high forgets the dead fast. */
  readonly healing: number;
  /** For so many cycles after contacts began to fail, H is c/2. */
  readonly healingCycles: number;
  /** So many failed contacts in the last `failureWindowCycles` are a jump. */
  readonly failuresToHeal: number;
  readonly failureWindowCycles: number;
  /** A partner that could not be reached is replaced at once, so often a cycle. */
  readonly retriesPerCycle: number;
  /** Unanswered exchanges in a row after which a descriptor is dropped: 1 mistakes a lost message for a death. */
  readonly silencesMax: number;
  /** Peers remembered for long, so that the two sides of a healed partition find each other. */
  readonly storeSize: number;
  /** One remembered peer outside the view is tried every so many cycles. */
  readonly storeEveryCycles: number;
  /** A remembered peer is forgotten after so many tries without an answer. */
  readonly storeTriesMax: number;
  /** Addresses sent along with a descriptor; 0 where another protocol carries them. */
  readonly addressesSent: number;
}

/** P. 3-7 of the reference runs: H=1 with 8 cycles of healing has both few dead links and even in-degrees. */
export const lanSampling: SamplingConfig = {
  viewSize: 30,
  exchangeSize: 15,
  quietExchangeSize: 6,
  healing: 1,
  healingCycles: 8,
  failuresToHeal: 2,
  failureWindowCycles: 4,
  retriesPerCycle: 2,
  silencesMax: 2,
  storeSize: 128,
  storeEveryCycles: 5,
  storeTriesMax: 200,
  addressesSent: 2,
};

/** The members of one slice: their addresses are known from elsewhere. */
export const overlaySampling: SamplingConfig = {
  ...lanSampling,
  storeSize: 32,
  addressesSent: 0,
};

export function checkSampling(config: SamplingConfig): void {
  if (config.viewSize < 2 || config.viewSize > 200) {
    throw new RangeError(`viewSize is 2 to 200, not ${config.viewSize}`);
  }
  if (config.healing < 0 || config.healing > config.viewSize / 2) {
    throw new RangeError(`healing is 0 to half of viewSize, not ${config.healing}`);
  }
  if (config.exchangeSize < 2 || config.exchangeSize > config.viewSize + 1) {
    throw new RangeError(`exchangeSize is 2 to viewSize + 1, not ${config.exchangeSize}`);
  }
}
