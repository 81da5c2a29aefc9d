import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compileJsonPath } from '../../src/lib/json-path.ts';

const object = {
  metadata: { name: 'web', labels: { 'p2pcs.io/slice': 'web' } },
  spec: {
    list: [
      { name: 'a', type: 'x' },
      { name: 'b', type: 'y' },
    ],
    zero: 0,
    empty: null,
  },
};

test('paths as CRDs write them', () => {
  const cases: [string, unknown[]][] = [
    ['.metadata.name', ['web']],
    [String.raw`.metadata.labels.p2pcs\.io/slice`, ['web']],
    [".metadata.labels['p2pcs.io/slice']", ['web']],
    ['.spec.list[1].name', ['b']],
    ['.spec.list[-1].name', ['b']],
    ['.spec.list[*].name', ['a', 'b']],
    ['.spec.list[?(@.type=="y")].name', ['b']],
    [".spec.list[?(@.type=='z')].name", []],
    ['.spec.zero', [0]],
    ['.spec.empty', [null]],
    ['.spec.empty.more', []],
    ['.spec.none.at.all', []],
    ['.constructor.name', []],
  ];
  for (const [path, found] of cases) assert.deepEqual(compileJsonPath(path)?.(object), found, path);
});

test('what is no path is undefined', () => {
  for (const text of ['spec', '.a[', '.a[?(@.b>1)]', '.a b', '..a', `.${'a'.repeat(600)}`]) {
    assert.equal(compileJsonPath(text), undefined, text);
  }
});
