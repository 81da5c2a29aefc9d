import { jsonText } from '../../client/json-text.ts';
import { nearest } from '../../lib/nearest.ts';
import { parseJsonPath } from './jsonpath-parser.ts';
import { printJsonPath } from './jsonpath.ts';
import { wrongUse } from '../cli-error.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { JsonPath } from './jsonpath-parser.ts';

/** What `-o` asked for. */
export type Format =
  | { readonly type: 'table' }
  | { readonly type: 'wide' }
  | { readonly type: 'json' }
  | { readonly type: 'yaml' }
  | { readonly type: 'name' }
  | { readonly type: 'jsonpath'; readonly path: JsonPath };

const words = ['wide', 'json', 'yaml', 'name'] as const;

export function parseFormat(option: string | undefined): Format {
  if (option === undefined || option === '') return { type: 'table' };
  const word = words.find((candidate) => candidate === option);
  if (word !== undefined) return { type: word };
  if (option.startsWith('jsonpath=')) {
    try {
      return { type: 'jsonpath', path: parseJsonPath(option.slice('jsonpath='.length)) };
    } catch (error) {
      throw wrongUse(
        (error as Error).message,
        "for example: -o jsonpath='{.items[*].metadata.name}'",
      );
    }
  }
  if (option.startsWith('go-template') || option.startsWith('custom-columns')) {
    throw wrongUse(
      `-o ${option.split('=')[0]} is not offered here`,
      'use jsonpath, or kubectl itself',
    );
  }
  const meant = nearest(option, [...words, 'jsonpath=']);
  throw wrongUse(
    `-o ${option}: no such format`,
    ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
    `there are: ${words.join(', ')}, jsonpath=TEMPLATE`,
  );
}

/** `slice.p2pcs.io/structures` of an object. */
export function objectName(object: JsonObject): string {
  const [group, version] = jsonText(object['apiVersion']).split('/');
  const kind = jsonText(object['kind']).toLowerCase();
  const name = jsonText((object['metadata'] as JsonObject | undefined)?.['name']);
  return `${kind}${version === undefined ? '' : `.${group}`}/${name}`;
}

/** A document as text that ends in a newline (but for jsonpath, whose template says what it prints). */
export async function printDocument(
  document: Json,
  format: Exclude<Format, { type: 'table' | 'wide' }>,
): Promise<string> {
  switch (format.type) {
    case 'json':
      return `${JSON.stringify(document, null, 4)}\n`;
    case 'yaml':
      return printYaml(document);
    case 'name': {
      const items = (document as JsonObject)['items'];
      const objects = Array.isArray(items)
        ? (items as readonly JsonObject[])
        : [document as JsonObject];
      if (objects.some((object) => object['kind'] === undefined)) {
        throw wrongUse('-o name is for objects; this answer is none', 'use -o json or -o yaml');
      }
      return objects.map((object) => `${objectName(object)}\n`).join('');
    }
    case 'jsonpath':
      return printJsonPath(format.path, document);
    default:
      return format satisfies never;
  }
}

/** Keys sorted, long strings unfolded, and quoted wherever YAML 1.1 would read something else: kubectl reads it back. */
export async function printYaml(document: Json): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(document, {
    version: '1.1',
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
  });
}
