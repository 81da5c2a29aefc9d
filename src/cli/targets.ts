import { findResource } from '../client/discovery.ts';
import { wrongUse } from './cli-error.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Connection } from './connection.ts';

/** A kind, and one object of it when a name was given. */
export interface Target {
  readonly resource: ApiResource;
  readonly name?: string;
}

/** `slices`, `peers,slices`, or a category such as `all`. */
async function kindsOf(connection: Connection, words: string): Promise<readonly ApiResource[]> {
  const resources = await connection.resources();
  const found: ApiResource[] = [];
  for (const word of words.split(',').filter((part) => part !== '')) {
    const inCategory = resources.filter((resource) => resource.categories.includes(word));
    const isKind = findResource(resources, word) !== undefined;
    found.push(
      ...(inCategory.length > 0 && !isKind ? inCategory : [await connection.resource(word)]),
    );
  }
  return [...new Set(found)];
}

/** Reads `TYPE[,TYPE…] [NAME…]` or `TYPE/NAME…`, as kubectl does. */
export async function readTargets(
  connection: Connection,
  words: readonly string[],
): Promise<readonly Target[]> {
  const [first, ...names] = words;
  if (first === undefined) {
    throw wrongUse(
      'name a kind: peers, slices, instances, …',
      'for example: p2pctl get peers,slices',
    );
  }
  if (first.includes('/')) {
    return Promise.all(
      words.map(async (word) => {
        const [kind = '', name = '', ...more] = word.split('/');
        if (kind === '' || name === '' || more.length > 0) {
          throw wrongUse(`"${word}" is not TYPE/NAME; either all arguments have that form or none`);
        }
        return { resource: await connection.resource(kind), name };
      }),
    );
  }
  const slashed = names.find((name) => name.includes('/'));
  if (slashed !== undefined) {
    throw wrongUse(`"${slashed}" is no name; with TYPE/NAME all arguments have that form`);
  }
  const kinds = await kindsOf(connection, first);
  if (names.length === 0) return kinds.map((resource) => ({ resource }));
  return kinds.flatMap((resource) => names.map((name) => ({ resource, name })));
}
