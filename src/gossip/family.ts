/** First byte of every frame on a neighbour's stream: which protocol family the rest belongs to. */
export const Family = {
  /** SWIM probes, suspicion, liveness updates. */
  membership: 1,
  /** Cloud-wide peer sampling. */
  sampling: 2,
  /** Peer sampling and T-Man of one slice; the payload starts with the slice's uid. */
  overlay: 3,
  aggregation: 4,
  slicing: 5,
  /** Records: eager push and anti-entropy. */
  records: 6,
} as const;
export type Family = (typeof Family)[keyof typeof Family];
