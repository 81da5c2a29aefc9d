import type { Json } from '../objects/json.ts';

/** A value as people read it: a string as it is, nothing for null and undefined, JSON for the rest. */
export function jsonText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
