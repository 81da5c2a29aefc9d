import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { test } from 'node:test';

import { manifestBytesMax, parseManifest } from '../../src/client/manifest.ts';

const slice = (body: string): string =>
  `apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata: {name: x}\n${body}`;
const specOf = (body: string): unknown => parseManifest(slice(body), 'f.yaml')[0]?.object['spec'];

test('scalars mean what they mean to kubectl: YAML 1.1 without base 60 and timestamps', () => {
  assert.deepEqual(
    specOf('spec: {a: y, b: on, c: "yes", d: no, e: 0777, f: 0x1f, g: 1_000, h: 1e3, i: ~}'),
    {
      a: true,
      b: true,
      c: 'yes',
      d: false,
      e: 511,
      f: 31,
      g: 1000,
      h: 1000,
      i: null,
    },
  );
  assert.deepEqual(specOf('spec: {a: 22:30, b: 2026-01-01, c: 1.5, d: .inf.}'), {
    a: '22:30',
    b: '2026-01-01',
    c: 1.5,
    d: '.inf.',
  });
});

test('anchors and merge keys work', () => {
  assert.deepEqual(specOf('spec: {a: &a {x: 1}, b: {<<: *a, z: 2}}'), {
    a: { x: 1 },
    b: { x: 1, z: 2 },
  });
});

test('many documents, empty ones between them, and Lists become single objects with their lines', () => {
  const text = `---\n${slice('spec: {size: 1}')}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- ${slice('').replaceAll('\n', '\n  ')}\n`;
  const found = parseManifest(text, 'f.yaml');
  assert.deepEqual(
    found.map(({ object, line }) => [object['kind'], line]),
    [
      ['Slice', 2],
      ['Slice', 12],
    ],
  );
});

test('a field leads to its line, a list item and an unknown field included', () => {
  const [found] = parseManifest(
    slice('spec:\n  size: 3\n  rank:\n    by:\n    - attribute: cores\n    - weight: 1\n'),
    'f.yaml',
  );
  assert.equal(found!.lineOf('spec.size'), 5);
  assert.equal(found!.lineOf('spec.rank.by[1].weight'), 9);
  assert.equal(found!.lineOf('spec.rank.top'), 7);
  assert.equal(found!.lineOf('status'), 1);
});

test('mistakes name file and line', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a: [1', /^f\.yaml:1: /],
    ['kind: Slice\nmetadata: {name: x}', /^f\.yaml:1: apiVersion is missing$/],
    ['apiVersion: v1\nmetadata: {name: x}', /^f\.yaml:1: kind is missing$/],
    ['apiVersion: v1\nkind: Slice\nmetadata: {}', /metadata\.name is missing$/],
    ['apiVersion: v1\nkind: Slice\nmetadata: {name: 5}', /metadata\.name is not a string$/],
    [slice('spec: {a: 1}\nspec: {b: 1}'), /^f\.yaml:\d+: Map keys must be unique/],
    ['\n\n- 1', /^f\.yaml:3: not an object/],
    [slice('spec: {a: .inf}'), /a number is infinite/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseManifest(text, 'f.yaml'), { name: 'ManifestError', message }, text);
  }
});

test('input is bounded in bytes, depth and aliases', () => {
  assert.throws(() => parseManifest(' '.repeat(manifestBytesMax + 1), 'f'), /larger than 10 MiB/);
  assert.throws(
    () => parseManifest(slice(`spec: ${'['.repeat(120)}${']'.repeat(120)}`), 'f'),
    /levels deep/,
  );
  const bomb = Array.from({ length: 20 }, (_, n) =>
    n === 0 ? 'a0: &a0 [1,1,1,1,1,1,1,1]' : `a${n}: &a${n} [${`*a${n - 1},`.repeat(8)}]`,
  ).join('\n');
  assert.throws(() => parseManifest(slice(bomb), 'f'), /alias/i);
});

test('every example can be read', () => {
  const folder = fileURLToPath(new URL('../../examples', import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  assert.ok(names.length >= 5);
  for (const name of names) {
    assert.ok(parseManifest(readFileSync(join(folder, name), 'utf8'), name).length > 0, name);
  }
});
