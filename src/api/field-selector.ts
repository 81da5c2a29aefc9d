import { compileJsonPath } from '../lib/json-path.ts';
import type { PathFinder } from '../lib/json-path.ts';
import type { JsonObject } from '../objects/json.ts';
import { badRequest } from './errors.ts';
import type { KindInfo } from './kind-info.ts';

export type FieldSelector = (object: JsonObject) => boolean;

const lengthMax = 4096;
const always: Readonly<Record<string, PathFinder>> = {
  'metadata.name': compileJsonPath('.metadata.name')!,
  'metadata.namespace': compileJsonPath('.metadata.namespace')!,
};

/** `metadata.name=web,type!=Normal`; commas and equal signs in values are escaped by a backslash. Throws 400. */
export function parseFieldSelector(kind: KindInfo, text: string): FieldSelector {
  if (text.length > lengthMax) throw badRequest('the field selector is too long');
  const parts = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  const requirements = parts.map((part): FieldSelector => {
    const match = /^\s*([\w./-]+?)\s*(==|=|!=)((?:\\.|[^\\])*)$/s.exec(part);
    if (match === null) throw badRequest(`invalid field selector: "${part}"`);
    const [, field = '', operator, escaped = ''] = match;
    const path = always[field] ?? kind.selectable[field];
    if (path === undefined) {
      const known = [...Object.keys(always), ...Object.keys(kind.selectable)].join(', ');
      throw badRequest(`field label not supported: ${field}; ${kind.kind} takes ${known}`);
    }
    const wanted = escaped.replace(/\\(.)/gs, '$1').trim();
    return (object) => {
      const found = path(object)[0];
      const same =
        (found === undefined || found === null ? '' : String(found as string)) === wanted;
      return operator === '!=' ? !same : same;
    };
  });
  return (object) => requirements.every((holds) => holds(object));
}
