import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';

import { applyMergePatch, isEqualJson, threeWayMergePatch } from '../../src/client/merge-patch.ts';
import type { Json, JsonObject } from '../../src/objects/json.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y', ''), fc.boolean());
/** Documents without null: a merge patch cannot set one. */
const { object } = fc.letrec<{ object: Record<string, Json>; value: Json }>((tie) => ({
  object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(leaf, { maxLength: 2 }), tie('object')),
}));

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every field that `part` sets has that value in `whole`. */
function holds(part: Json, whole: Json | undefined): boolean {
  if (!isObject(part)) return isEqualJson(part, whole);
  return (
    isObject(whole) && Object.entries(part).every(([name, value]) => holds(value!, whole[name]))
  );
}

const merge = (original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject =>
  applyMergePatch(current, threeWayMergePatch(original, modified, current)) as JsonObject;

test('whatever the user sets is set', () => {
  fc.assert(
    fc.property(object, object, object, (original, modified, current) => {
      assert.ok(holds(modified, merge(original, modified, current)));
    }),
  );
});

test('what the user set before and no longer sets is removed', () => {
  fc.assert(
    fc.property(object, object, object, (original, modified, current) => {
      const result = merge(original, modified, current);
      for (const name of Object.keys(original)) {
        if (modified[name] === undefined) assert.equal(result[name], undefined);
      }
    }),
  );
});

test('what others set stays', () => {
  fc.assert(
    fc.property(object, object, object, (original, modified, current) => {
      const result = merge(original, modified, current);
      for (const [name, value] of Object.entries(current)) {
        if (modified[name] === undefined && original[name] === undefined) {
          assert.deepEqual(result[name], value);
        }
      }
    }),
  );
});

test('applying twice changes nothing the second time', () => {
  fc.assert(
    fc.property(object, object, object, (original, modified, current) => {
      const once = merge(original, modified, current);
      assert.deepEqual(threeWayMergePatch(modified, modified, once), {});
    }),
  );
});

test('a list is replaced as a whole, and a null that is not there is no change', () => {
  const patch = threeWayMergePatch({}, { list: [1], gone: null }, { list: [1, 2], kept: 1 });
  assert.deepEqual(patch, { list: [1] });
});

test('a merge patch follows RFC 7396, appendix A', () => {
  const cases: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [['a', 'b'], ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ['x', { a: 1 }, { a: 1 }],
  ];
  for (const [target, patch, result] of cases)
    assert.deepEqual(applyMergePatch(target, patch), result);
});
