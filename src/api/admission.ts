import { nearest } from '../lib/nearest.ts';
import type { FieldIssue } from '../objects/field-issue.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { StatusError } from '../objects/status-error.ts';
import { badRequest, invalid, undecodable, wrongKind } from './errors.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';
import { readMetadata } from './metadata.ts';
import type { MetadataInput } from './metadata.ts';
import { conform, isJsonList, isJsonObject } from './schema.ts';
import type { UnknownField } from './schema.ts';
import { Validator } from './validate.ts';

/** What happens to unknown fields: refused, removed with a warning, removed. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** An object as a client sent it: decoded, defaulted and valid, without what the server sets. */
export interface Admitted {
  readonly metadata: MetadataInput;
  /** All but apiVersion, kind, metadata and status. */
  readonly content: JsonObject;
  readonly warnings: readonly string[];
}

/** A record carries its whole object and has at most 256 KiB with its signatures. */
const objectBytesMax = 192 * 1024;

/** The values that a path of `unsupported` leads to, by their exact field. */
function present(value: Json | undefined, path: readonly string[], at: string): readonly string[] {
  const [head, ...rest] = path;
  if (head === undefined) return value === undefined ? [] : [at];
  const name = head.replace('[]', '');
  if (!isJsonObject(value) || !Object.hasOwn(value, name)) return [];
  const field = at === '' ? name : `${at}.${name}`;
  const member = value[name];
  if (!head.endsWith('[]')) return present(member, rest, field);
  if (!isJsonList(member)) return [];
  return member.flatMap((item, index) => present(item, rest, `${field}[${index}]`));
}

const describe = ({ field, name, known }: UnknownField): string => {
  const meant = nearest(name, known);
  return `unknown field "${field}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`;
};

/** Turns what clients send into objects that may be stored, and says everything that is wrong with the rest. */
export class Admission {
  readonly #validators = new WeakMap<KindInfo, Validator>();

  admit(
    kind: KindInfo,
    raw: Json,
    fieldValidation: FieldValidation,
    expectedName?: string,
  ): Admitted {
    const object = this.#ofKind(kind, raw);
    const unknown: UnknownField[] = [];
    const issues: FieldIssue[] = [];
    const metadata = readMetadata(object['metadata'], { issues, unknown });
    const { generateName } = metadata;
    // A generated name ends in five letters; the rules are asked about one like it.
    const generated = generateName === undefined ? '' : `${generateName}xxxxx`;
    const name = expectedName ?? metadata.name ?? generated;

    for (const [path, hint] of Object.entries(kind.rules.unsupported ?? {})) {
      for (const field of present(object, path.split('.'), '')) {
        issues.push({ field, reason: 'FieldValueForbidden', message: hint });
      }
    }
    const { apiVersion, kind: kindName, metadata: _metadata, status: _status, ...content } = object;
    const schema = kind.schema;
    const conformed = conform(schema, content, unknown) as JsonObject;
    const refused = new Set(issues.map(({ field }) => field));
    const strange = unknown.filter(({ field }) => !refused.has(field)).map(describe);
    if (refused.size === 0 && strange.length > 0 && fieldValidation === 'Strict') {
      throw undecodable(kind, strange);
    }

    const checked = { apiVersion, kind: kindName, ...conformed };
    const whole = { ...checked, metadata: { name: metadata.name ?? name } };
    for (const issue of this.#validator(kind).validate(whole)) {
      if (!refused.has(issue.field)) issues.push(issue);
    }
    if (issues.length > 0) throw invalid(kind, name, issues);
    const bytes = Buffer.byteLength(JSON.stringify({ metadata, conformed }));
    if (bytes > objectBytesMax) {
      throw new StatusError(
        'RequestEntityTooLarge',
        `${kind.kind} "${name}" has ${Math.ceil(bytes / 1024)} KiB; at most ${objectBytesMax / 1024} KiB travel from peer to peer as one signed record`,
      );
    }
    return { metadata, content: conformed, warnings: fieldValidation === 'Warn' ? strange : [] };
  }

  #ofKind(kind: KindInfo, raw: Json): JsonObject {
    if (!isJsonObject(raw)) throw badRequest(`the body is no object; a ${kind.kind} is expected`);
    const { apiVersion, kind: kindName } = raw;
    if (typeof apiVersion !== 'string' || apiVersion === '') {
      throw badRequest(`Object 'apiVersion' is missing; it is ${apiVersionOf(kind)}`);
    }
    if (typeof kindName !== 'string' || kindName === '') {
      throw badRequest(`Object 'Kind' is missing; it is ${kind.kind}`);
    }
    if (apiVersion !== apiVersionOf(kind) || kindName !== kind.kind) {
      throw wrongKind(kind, `${kindName} of ${apiVersion}`);
    }
    return raw;
  }

  #validator(kind: KindInfo): Validator {
    const known = this.#validators.get(kind);
    if (known !== undefined) return known;
    const made = new Validator(kind);
    this.#validators.set(kind, made);
    return made;
  }
}
