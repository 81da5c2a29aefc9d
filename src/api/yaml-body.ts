import { isMap, isScalar, parseDocument, visit } from 'yaml';

import type { Json } from '../objects/json.ts';

const nestedMax = 256;

/** Brackets that are open at once, and dashes in a row: what would nest the parser too deep. Quotes are not looked at. */
function nestsTooDeep(text: string): boolean {
  let open = 0;
  for (const char of text) {
    if (char === '[' || char === '{') open += 1;
    else if (char === ']' || char === '}') open = Math.max(0, open - 1);
    if (open > nestedMax) return true;
  }
  return /(?:[-?]\s+){64}/.test(text);
}

/**
 * Reads one YAML document of bounded length as kubectl reads it (YAML 1.1), or says what is wrong with it. The
 * library's own test for keys that occur twice compares each with each, which a hostile body turns into minutes.
 */
export function parseYamlBody(text: string): { readonly ok: Json } | { readonly reason: string } {
  if (nestsTooDeep(text)) return { reason: 'it is nested too deep' };
  try {
    const document = parseDocument(text, { version: '1.1', uniqueKeys: false });
    const [error] = document.errors;
    if (error !== undefined) return { reason: error.message.split('\n')[0]! };
    let twice: string | undefined;
    visit(document, {
      Map: (_key, map) => {
        const seen = new Set<unknown>();
        for (const { key } of isMap(map) ? map.items : []) {
          const name = isScalar(key) ? key.value : key;
          if (seen.has(name) && name !== '<<') twice = String(name);
          seen.add(name);
        }
        return twice === undefined ? undefined : visit.BREAK;
      },
    });
    if (twice !== undefined) return { reason: `key "${twice}" occurs twice in one map` };
    return { ok: document.toJS({ maxAliasCount: 100 }) as Json };
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0]! };
  }
}
