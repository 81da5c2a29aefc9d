/** How the failure detector behaves. All peers of a cloud should agree roughly; nothing breaks if they do not. */
export interface DetectorConfig {
  /** One round of probes every so many ms, times the local health. Less finds deaths sooner and costs messages. */
  readonly periodMs: number;
  /** A direct probe may take so long before others are asked to probe too; several round trips. */
  readonly probeTimeoutMs: number;
  /** Peers asked to probe in our stead. */
  readonly indirectProbes: number;
  /** Probes a round while nobody is suspected, and while somebody is. One of them goes to the next on the ring. */
  readonly probesPerPeriod: number;
  readonly probesPerPeriodInDoubt: number;
  /** A suspect has at least so long to refute, times max(1, log10 of the number of peers). */
  readonly suspicionMinMs: number;
  /** Without confirmations it has so many times longer. */
  readonly suspicionMaxFactor: number;
  /** Independent confirmations that bring the timeout down to its minimum. */
  readonly confirmations: number;
  /** After a connection was reset and redialling goes on, a suspect has so long. */
  readonly resetSuspicionMs: number;
  /** Lifeguard's local health goes from 0 to this; it stretches periods and timeouts by 1 + health. */
  readonly healthMax: number;
  /** Its value at the start. A machine is busiest while daemons start: whoever begins at 0 accuses the slow ones. */
  readonly healthAtStart: number;
  /** Woken so much later than asked for: the fault is ours, and all deadlines move. */
  readonly lateMs: number;
  /** A deadline that passed must be seen again so much later, after queued input was read. */
  readonly drainMs: number;
  /** An update is piggybacked so many times log10(peers + 1), at least once. */
  readonly retransmitFactor: number;
  /** Updates in one probe or acknowledgement. */
  readonly piggybackMax: number;
  /** News from others is pushed on to so many neighbours at once; own observations go to all. */
  readonly fanout: number;
  /** Digests are compared with one neighbour every so many ms, which repairs whatever was lost. */
  readonly syncMs: number;
  /** Updates in one frame, and in one answer to a differing digest. */
  readonly frameUpdatesMax: number;
  readonly syncUpdatesMax: number;
  /** The dead are forgotten after so long. */
  readonly forgetMs: number;
  /** The longest absence that an announcement may ask for. */
  readonly awayMaxMs: number;
  /** Peers kept in all, and dead ones among them. */
  readonly membersMax: number;
  readonly deadMax: number;
}

export const lanDetector: DetectorConfig = {
  periodMs: 1000,
  probeTimeoutMs: 400,
  indirectProbes: 3,
  probesPerPeriod: 2,
  probesPerPeriodInDoubt: 4,
  suspicionMinMs: 1000,
  suspicionMaxFactor: 3,
  confirmations: 3,
  resetSuspicionMs: 1000,
  healthMax: 4,
  healthAtStart: 3,
  lateMs: 150,
  drainMs: 20,
  retransmitFactor: 4,
  piggybackMax: 6,
  fanout: 4,
  syncMs: 5000,
  frameUpdatesMax: 64,
  syncUpdatesMax: 2048,
  forgetMs: 600_000,
  awayMaxMs: 60_000,
  membersMax: 16_384,
  deadMax: 4096,
};

export const wanDetector: DetectorConfig = {
  ...lanDetector,
  periodMs: 2000,
  probeTimeoutMs: 1200,
  suspicionMinMs: 3000,
  resetSuspicionMs: 3000,
  syncMs: 10_000,
};

export function checkDetector(config: DetectorConfig): void {
  if (config.probeTimeoutMs >= config.periodMs) {
    throw new RangeError(
      `probeTimeoutMs (${config.probeTimeoutMs}) must leave time for indirect probes within periodMs (${config.periodMs})`,
    );
  }
  if (config.deadMax > config.membersMax) {
    throw new RangeError(`deadMax (${config.deadMax}) exceeds membersMax (${config.membersMax})`);
  }
}
