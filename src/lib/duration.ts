const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const lengthMax = 32;

/**
 * Milliseconds of a duration as Go and Kubernetes write it (`1500ms`, `1.5s`, `2m30s`, `1h`), or undefined when it is
 * none. There is no sign and no unit below the millisecond.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > lengthMax || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * unitMs[unit!]!;
  }
  return totalMs;
}

/** The shortest exact duration text for whole milliseconds: `1500ms`, `90s` is `1m30s`. */
export function formatDuration(totalMs: number): string {
  let restMs = Math.max(0, Math.round(totalMs));
  if (restMs === 0) return '0s';
  let text = '';
  for (const unit of ['h', 'm'] as const) {
    const count = Math.floor(restMs / unitMs[unit]!);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs[unit]!;
  }
  if (restMs % 1000 !== 0) return `${text}${restMs}ms`;
  return restMs > 0 ? `${text}${restMs / 1000}s` : text;
}
