import { wrongUse } from './cli-error.ts';
import type { Json, JsonObject } from '../objects/json.ts';

/** `KEY=VALUE` sets, `KEY-` removes. */
export interface MetadataChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: ReadonlySet<string>;
}

const isChange = (word: string): boolean => /^[^=]+=/.test(word) || /^[^=]+-$/.test(word);

/** Splits `TYPE NAME… KEY=VALUE… KEY-…`; a change is told from a name by its `=` or by the `-` at its end. */
export function splitChanges(words: readonly string[]): {
  readonly objects: readonly string[];
  readonly changes: MetadataChanges;
} {
  const at = words.findIndex(isChange);
  const objects = at < 0 ? words : words.slice(0, at);
  const set = new Map<string, string>();
  const remove = new Set<string>();
  for (const word of at < 0 ? [] : words.slice(at)) {
    if (!isChange(word)) {
      throw wrongUse(`"${word}" is no change`, 'KEY=VALUE sets, KEY- removes; objects go first');
    }
    const equals = word.indexOf('=');
    const key = equals < 0 ? word.slice(0, -1) : word.slice(0, equals);
    if (set.has(key) || remove.has(key)) throw wrongUse(`${key} is changed twice`);
    if (equals < 0) remove.add(key);
    else set.set(key, word.slice(equals + 1));
  }
  return { objects, changes: { set, remove } };
}

/** Entries of `now` that hold another value already; changing them takes --overwrite. */
export const conflicting = (
  now: JsonObject,
  { set }: MetadataChanges,
): readonly (readonly [key: string, value: Json])[] =>
  [...set].flatMap(([key, value]) => {
    const held = now[key];
    return held === undefined || held === value ? [] : [[key, held] as const];
  });

/** The merge patch of the map; undefined when it is as wanted already. */
export function patchOf(now: JsonObject, changes: MetadataChanges): JsonObject | undefined {
  const set = [...changes.set].filter(([key, value]) => now[key] !== value);
  const gone = [...changes.remove].filter((key) => now[key] !== undefined);
  if (set.length + gone.length === 0) return undefined;
  return Object.fromEntries([...set, ...gone.map((key) => [key, null] as const)]);
}
