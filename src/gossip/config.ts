import { lanAveraging, wanAveraging } from './aggregation/config.ts';
import { lanDetector, wanDetector } from './failure-detector/config.ts';
import { lanSampling, overlaySampling } from './peer-sampling/config.ts';
import { lanTMan } from './t-man/config.ts';
import type { AveragingConfig } from './aggregation/config.ts';
import type { DetectorConfig } from './failure-detector/config.ts';
import type { SamplingConfig } from './peer-sampling/config.ts';
import type { TManConfig } from './t-man/config.ts';

/** How often one protocol runs: its cycle while something changes, and while all is quiet. */
export interface Pace {
  readonly busyMs: number;
  readonly quietMs: number;
}

/** Everything about the gossip of one peer that may be chosen. */
export interface GossipConfig {
  readonly sampling: SamplingConfig;
  readonly overlaySampling: SamplingConfig;
  readonly tMan: TManConfig;
  readonly detector: DetectorConfig;
  readonly averaging: AveragingConfig;
  /** For ranks: epochs may be longer than for counts, as attributes change slowly. */
  readonly slicing: AveragingConfig;
  readonly pace: {
    readonly sampling: Pace;
    readonly overlaySampling: Pace;
    readonly tMan: Pace;
    readonly aggregation: Pace;
    readonly slicing: Pace;
    /** Anti-entropy of records; one digest with a neighbour each time. */
    readonly records: Pace;
  };
  /** After the set of living peers or a slice's membership changed, peers count as busy for so long. */
  readonly busyForMs: number;
  /** Links that are wanted at most; ring neighbours come first. */
  readonly linksMax: number;
  /** Neighbours a side on the cloud's ring, the living peers in the order of their ids. */
  readonly cloudRingSide: number;
  /** Links to random peers; one of them is replaced every `sampleRotationMs`. */
  readonly samples: number;
  readonly sampleRotationMs: number;
  /** Slices that this peer may be a member of, or watch, at a time. */
  readonly overlaysMax: number;
}

const lan: GossipConfig = {
  sampling: lanSampling,
  overlaySampling,
  tMan: lanTMan,
  detector: lanDetector,
  averaging: lanAveraging,
  slicing: { ...lanAveraging, epochMs: 120_000 },
  pace: {
    sampling: { busyMs: 1000, quietMs: 10_000 },
    overlaySampling: { busyMs: 1000, quietMs: 10_000 },
    tMan: { busyMs: 250, quietMs: 5000 },
    aggregation: { busyMs: 250, quietMs: 5000 },
    slicing: { busyMs: 250, quietMs: 5000 },
    records: { busyMs: 1000, quietMs: 1000 },
  },
  busyForMs: 5000,
  linksMax: 16,
  cloudRingSide: 2,
  samples: 6,
  sampleRotationMs: 60_000,
  overlaysMax: 64,
};

const wan: GossipConfig = {
  ...lan,
  detector: wanDetector,
  averaging: wanAveraging,
  slicing: { ...wanAveraging, epochMs: 240_000 },
  pace: {
    ...lan.pace,
    tMan: { busyMs: 800, quietMs: 10_000 },
    aggregation: { busyMs: 800, quietMs: 10_000 },
    slicing: { busyMs: 800, quietMs: 10_000 },
    records: { busyMs: 2000, quietMs: 2000 },
  },
  busyForMs: 15_000,
};

/** One cycle a second, always: what papers count. */
const simPace: Pace = { busyMs: 1000, quietMs: 1000 };
const sim: GossipConfig = {
  ...lan,
  pace: {
    sampling: simPace,
    overlaySampling: simPace,
    tMan: simPace,
    aggregation: simPace,
    slicing: simPace,
    records: simPace,
  },
};

/** lan: one site, round trips of milliseconds; wan: up to some 300 ms; sim: constant cycles of one second. */
export const gossipPresets: Readonly<Record<'lan' | 'wan' | 'sim', GossipConfig>> = {
  lan,
  wan,
  sim,
};
