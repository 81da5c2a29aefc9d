const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

/** How kubectl prints an age: `45s`, `5m10s`, `3h25m`, `2d4h`, `1y30d`; two units where the first is small. */
export function formatAge(ageMs: number): string {
  if (ageMs < -secondMs) return '<invalid>';
  if (ageMs < 2 * minuteMs) return `${Math.max(0, Math.floor(ageMs / secondMs))}s`;
  const two = (unitMs: number, unit: string, smallMs: number, small: string): string => {
    const count = Math.floor(ageMs / unitMs);
    const rest = Math.floor((ageMs - count * unitMs) / smallMs);
    return rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${small}`;
  };
  if (ageMs < 10 * minuteMs) return two(minuteMs, 'm', secondMs, 's');
  if (ageMs < 3 * hourMs) return `${Math.floor(ageMs / minuteMs)}m`;
  if (ageMs < 8 * hourMs) return two(hourMs, 'h', minuteMs, 'm');
  if (ageMs < 2 * dayMs) return `${Math.floor(ageMs / hourMs)}h`;
  if (ageMs < 8 * dayMs) return two(dayMs, 'd', hourMs, 'h');
  if (ageMs < 2 * yearMs) return `${Math.floor(ageMs / dayMs)}d`;
  if (ageMs < 8 * yearMs) return two(yearMs, 'y', dayMs, 'd');
  return `${Math.floor(ageMs / yearMs)}y`;
}
