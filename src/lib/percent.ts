/**
 * How many members a slice of `percent` (1..100) of `livePeers` wants: max(1, ceil(percent / 100 × live)). Multiplied
 * before it is divided, so that 7 % of 100 is 7 and not 8.
 */
export function desiredByPercent(percent: number, livePeers: number): number {
  return Math.max(1, Math.ceil((percent * livePeers) / 100));
}
