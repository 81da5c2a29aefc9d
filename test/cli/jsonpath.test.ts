import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findByJsonPath, printJsonPath } from '../../src/cli/output/jsonpath.ts';
import { parseJsonPath } from '../../src/cli/output/jsonpath-parser.ts';
import type { Json } from '../../src/objects/json.ts';

const document: Json = {
  kind: 'List',
  items: [
    { name: 'a', size: 3, labels: { 'p2pcs.io/slice': 's1' }, ready: true, ports: { http: 80 } },
    { name: 'b', size: 5, labels: {}, ready: false, tags: ['x', 'y', 'z'] },
    { name: 'c', size: 7 },
  ],
};

/** Answers that the real kubectl 1.32 gives to the same template over the same document. */
const cases: readonly (readonly [string, string])[] = [
  ['{.kind}', 'List'],
  ['{$.kind}', 'List'],
  ['{.items[*].name}', 'a b c'],
  ['{.items[0].name}', 'a'],
  ['{.items[-1].name}', 'c'],
  ['{.items[0:2].name}', 'a b'],
  ['{.items[1:].name}', 'b c'],
  ['{.items[0,2].name}', 'a c'],
  ['{.items[?(@.size>3)].name}', 'b c'],
  ['{.items[?(@.name=="b")].size}', '5'],
  ['{.items[?(@.name!="b")].size}', '3 7'],
  ['{.items[?(@.ready==true)].name}', 'a'],
  ['{.items[?(@.tags)].name}', 'b'],
  ["{.items[0].labels['p2pcs\\.io/slice']}", 's1'],
  ['{.items[0].labels.p2pcs\\.io/slice}', 's1'],
  ['{.items[0].ports}', '{"http":80}'],
  ['{.items[1].tags}', '["x","y","z"]'],
  ['{.items[0].missing}', ''],
  ['{range .items[*]}{.name}={.size}{"\\n"}{end}', 'a=3\nb=5\nc=7\n'],
  ['{range .items[*]}{.name}{"\\t"}{range .tags[*]}[{@}]{end};{end}', 'a\t;b\t[x][y][z];c\t;'],
  ['kind is {.kind}, {"{"}', 'kind is List, {'],
  ['{.items[0].name}{.items[1].name}', 'ab'],
  ['{..name}', 'a b c'],
  ['{.items[0].ports.*}', '80'],
  ['{.items[0].ready}', 'true'],
];

for (const [template, expected] of cases) {
  test(`jsonpath ${template}`, () => {
    assert.equal(printJsonPath(parseJsonPath(template), document), expected);
  });
}

test('a bare path needs no braces', () => {
  assert.equal(printJsonPath(parseJsonPath('.items[0].name'), document), 'a');
  assert.deepEqual(findByJsonPath(parseJsonPath('.items[*].size'), document), [3, 5, 7]);
});

test('nothing is inherited from JavaScript', () => {
  assert.equal(
    printJsonPath(parseJsonPath('{.constructor}{.items.length}{.items[0].toString}'), document),
    '',
  );
});

test('mistakes are named with their place', () => {
  for (const template of [
    '{.a',
    '{range .items[*]}x',
    '{end}',
    '{.a[}',
    '{.a[?(@.b==)]}',
    "{.a['b]}",
  ]) {
    assert.throws(() => parseJsonPath(template), /^Error: jsonpath .*at character \d+/s, template);
  }
  assert.throws(() => parseJsonPath('.'.repeat(20_000)), /longer than/);
});
