import type { AllocatorConfig } from './config.ts';

/**
 * How long to wait before volunteering, ms, without jitter: nothing for those who are surely needed, then one `tau`
 * an octave of position, so that far peers fill in when near ones do not answer and few volunteer in vain.
 */
export function volunteerDelayMs(position: number, short: number, config: AllocatorConfig): number {
  if (!config.rules.logDelay || position < short) return 0;
  return config.tauMs * (1 + Math.log2(position / short));
}

/** How long an Offer settles: twice the dissemination time, by one's own measure of the network. */
export function settleMs(
  places: number,
  oneWayP99Ms: number | undefined,
  config: AllocatorConfig,
): number {
  const measured = config.settleLatencies * (oneWayP99Ms ?? 0);
  const twice = Math.min(config.settleLongestMs, Math.max(config.settleMs, measured));
  const large = places > config.largeSlicePlaces ? config.largeSliceMs : 0;
  return config.rules.settleTwice ? twice + large : (twice + large) / 2;
}
