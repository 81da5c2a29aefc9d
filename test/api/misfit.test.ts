import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parse } from 'yaml';
import { loadKinds } from '../../src/api/crd.ts';
import { misfit } from '../../src/api/misfit.ts';
import { Validator } from '../../src/api/validate.ts';
import type { KindInfo } from '../../src/api/kind-info.ts';
import type { JsonObject } from '../../src/objects/json.ts';

const kinds = loadKinds(fileURLToPath(new URL('../../crds', import.meta.url)));
const slice = kinds.find(({ kind }) => kind === 'Slice')!;

/** The kind without its own rules, so that both answers are the schema's alone. */
const schemaOnly: KindInfo = { ...slice, rules: {} };
const { metadata: _metadata, status: _status, ...properties } = slice.schema.properties ?? {};
const schema = { ...slice.schema, properties };

function example(file: string): JsonObject {
  const text = readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
  const { metadata: _, ...rest } = parse(text) as JsonObject;
  return rest;
}

test('every example fits', () => {
  for (const file of ['paper-slice.yaml', 'ranked.yaml', 'percent.yaml', 'reserved.yaml']) {
    assert.equal(misfit(schema, example(file)), undefined, file);
  }
});

test('what ajv refuses does not fit, and what it accepts fits', () => {
  const validator = new Validator(schemaOnly);
  const values = fc.oneof(
    fc.constantFrom(null, true, -1, 0.5, 101, 2 ** 40, '', 'x', '1500ms', 'Always', 'no/pe'),
    fc.constantFrom([], ['a'], [1], {}, { a: 'b' }, [{}], [{ key: 'memory', operator: 'Gt' }]),
  );
  const paths = [
    'size',
    'percent',
    'where',
    'rank',
    'exclude',
    'replaceAfter',
    'onPartition',
    'template',
  ];
  const inner = [
    'matchLabels',
    'matchExpressions',
    'by',
    'topPercent',
    'spec',
    'command',
    'env',
    'ports',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.option(fc.constantFrom(...inner), { nil: undefined }),
      values,
      (outer, within, value) => {
        const spec = { size: 1, [outer]: within === undefined ? value : { [within]: value } };
        const object = { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', spec } as JsonObject;
        const issues = validator
          .validate(object)
          .filter(({ reason }) => reason !== 'FieldValueDuplicate');
        assert.equal(
          misfit(schema, object) === undefined,
          issues.length === 0,
          JSON.stringify([spec, issues]),
        );
      },
    ),
    { numRuns: 2000 },
  );
});
