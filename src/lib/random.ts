/** A source of randomness that is handed in, so that a run is its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  int(bound: number): number;
  /** An independent stream, fixed by this one's seed and the label: a draw here moves no draw there. */
  fork(label: string): Random;
}
