import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Crypto } from '../../lib/crypto.ts';
import { toHex } from '../../lib/hex.ts';
import type { InstanceTemplateSpec } from '../../objects/kinds/slice.ts';
import type { Json } from '../../objects/json.ts';

/**
 * Which version of the work this is: SHA-256 of the canonical JSON of the template's spec, the first 16 hex digits.
 * Labels and annotations are not in it: changing them relabels Instances and restarts nothing.
 */
export function templateHash(spec: InstanceTemplateSpec, hash: Crypto['hash']): string {
  const text = canonicalJson(spec as unknown as Json);
  return toHex(hash(new TextEncoder().encode(text))).slice(0, 16);
}
