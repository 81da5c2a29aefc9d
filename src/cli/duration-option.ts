import { InvalidArgumentError } from 'commander';

import { parseDuration } from '../lib/duration.ts';

/** An option's duration in milliseconds: `90s`, `1m30s`, `500ms`, `0`; a bare number means seconds. */
export function readDuration(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const durationMs = parseDuration(text);
  if (durationMs === undefined) {
    throw new InvalidArgumentError('a duration is written 30s, 1m30s or 500ms');
  }
  return durationMs;
}
