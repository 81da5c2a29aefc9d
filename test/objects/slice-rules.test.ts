import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Admission } from '../../src/api/admission.ts';
import { loadKinds } from '../../src/api/crd.ts';
import type { Json } from '../../src/objects/json.ts';
import { StatusError } from '../../src/objects/status-error.ts';

const crds = join(fileURLToPath(new URL('../..', import.meta.url)), 'crds');
const kind = loadKinds(crds).find((each) => each.kind === 'Slice')!;
const admission = new Admission();
const work = { command: ['true'] };

/** The fields that are refused, with what is said of each; empty when the spec is admitted. */
function refusals(spec: Json, name = 'web'): Record<string, string> {
  const object = { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', metadata: { name }, spec };
  try {
    admission.admit(kind, object, 'Strict');
    return {};
  } catch (error) {
    assert.ok(error instanceof StatusError && error.reason === 'Invalid', String(error));
    return Object.fromEntries(
      (error.details?.causes ?? []).map(({ field, message }) => [field ?? '', message]),
    );
  }
}
const refusedAt = (spec: Json, name?: string): string[] => Object.keys(refusals(spec, name));

test('exactly one of size and percent, each in its bounds', () => {
  for (const spec of [{ size: 0 }, { size: 10_000 }, { percent: 1 }, { percent: 100 }])
    assert.deepEqual(refusals(spec), {});
  assert.match(refusals({})['spec']!, /exactly one of size and percent is given; here neither is/);
  assert.match(refusals({ size: 1, percent: 1 })['spec']!, /here both are/);
  for (const size of [-1, 10_001, 1.5, '3', true])
    assert.deepEqual(refusedAt({ size }), ['spec.size'], String(size));
  for (const percent of [0, 101]) assert.deepEqual(refusedAt({ percent }), ['spec.percent']);
  assert.deepEqual(refusedAt({ size: null }), ['spec']);
});

test('operators take the values that they can compare', () => {
  const at = (operator: string, values?: Json): string[] =>
    refusedAt({
      size: 1,
      where: {
        matchExpressions: [
          { key: 'memory', operator, ...(values === undefined ? {} : { values }) },
        ],
      },
    });
  const field = 'spec.where.matchExpressions[0]';
  assert.deepEqual(at('Gt', ['8Gi']), []);
  assert.deepEqual(at('Lt', ['0.5']), []);
  assert.deepEqual(at('In', ['a', 'b']), []);
  assert.deepEqual(at('Exists'), []);
  for (const values of [undefined, [], ['8Gi', '9Gi'], ['much']])
    assert.deepEqual(at('Gt', values), [`${field}.values`]);
  assert.deepEqual(at('In'), [`${field}.values`]);
  assert.deepEqual(at('Exists', ['a']), [`${field}.values`]);
  assert.deepEqual(at('Near', ['a']), [`${field}.operator`]);
});

test('what comes later is refused by name, whatever the field validation', () => {
  const template = (more: object): Json => ({ size: 1, template: { spec: { ...work, ...more } } });
  const cases: [Json, string][] = [
    [{ size: 1, priority: 3 }, 'spec.priority'],
    [{ size: 1, replicas: 3 }, 'spec.replicas'],
    [{ size: 1, onPartition: 'Freeze' }, 'spec.onPartition'],
    [template({ image: 'x' }), 'spec.template.spec.image'],
    [template({ resources: { limits: {} } }), 'spec.template.spec.resources'],
    [template({ livenessProbe: null }), 'spec.template.spec.livenessProbe'],
    [
      template({ readiness: { exec: { command: ['x'] }, httpGet: {} } }),
      'spec.template.spec.readiness.httpGet',
    ],
    [
      template({ ports: [{ name: 'a' }, { name: 'b', containerPort: 1 }] }),
      'spec.template.spec.ports[1].containerPort',
    ],
  ];
  for (const [spec, field] of cases) {
    assert.match(refusals(spec)[field] ?? '', /not supported/, field);
    for (const validation of ['Ignore', 'Warn'] as const) {
      const object = {
        apiVersion: 'p2pcs.io/v1alpha1',
        kind: 'Slice',
        metadata: { name: 'web' },
        spec,
      };
      assert.throws(() => admission.admit(kind, object, validation), /not supported/);
    }
  }
  assert.deepEqual(refusals({ size: 1, onPartition: 'RunBoth' }), {});
});

test('what the peer sets is not set by the template', () => {
  const env = (name: string): Json => ({
    size: 1,
    template: { spec: { ...work, env: [{ name, value: 'x' }] } },
  });
  assert.deepEqual(refusals(env('MODE')), {});
  assert.deepEqual(refusedAt(env('P2PCS_INDEX')), ['spec.template.spec.env[0].name']);
  const labels = { 'p2pcs.io/slice': 'other' };
  assert.deepEqual(refusedAt({ size: 1, template: { metadata: { labels }, spec: work } }), [
    'spec.template.metadata.labels',
  ]);
});

test('names, durations, duplicates and bounds', () => {
  assert.deepEqual(refusedAt({ size: 1 }, 'a.b'), ['metadata.name']);
  assert.deepEqual(refusedAt({ size: 1 }, 'x'.repeat(64)), ['metadata.name']);
  for (const replaceAfter of ['0s', '1h', '2m30s'])
    assert.deepEqual(refusals({ size: 1, replaceAfter }), {});
  for (const replaceAfter of ['2h', '5', '-1s', ''])
    assert.deepEqual(refusedAt({ size: 1, replaceAfter }), ['spec.replaceAfter'], replaceAfter);
  assert.deepEqual(refusedAt({ size: 1, exclude: ['node1', 'node2', 'node1'] }), [
    'spec.exclude[2]',
  ]);
  const twice = [{ attribute: 'memory' }, { attribute: 'memory', weight: 2 }];
  assert.deepEqual(refusedAt({ size: 1, rank: { by: twice } }), ['spec.rank.by[1]']);
  assert.deepEqual(refusedAt({ size: 1, exclude: ['Node 1'] }), ['spec.exclude[0]']);
  assert.deepEqual(refusedAt({ size: 1, template: { spec: { command: [] } } }), [
    'spec.template.spec.command',
  ]);
  assert.deepEqual(refusedAt({ size: 1, template: {} }), ['spec.template.spec']);
  assert.deepEqual(refusedAt({ size: 1, where: { matchLabels: { site: 5 } } }), [
    'spec.where.matchLabels[site]',
  ]);
});

test('all that is wrong is said at once', () => {
  const fields = refusedAt({
    size: 'x',
    percent: 0,
    exclude: 'node1',
    rank: { topPercent: 0 },
    template: { spec: { command: 'x', restartPolicy: 'Sometimes' } },
  });
  assert.deepEqual(fields.toSorted(), [
    'spec',
    'spec.exclude',
    'spec.percent',
    'spec.rank.topPercent',
    'spec.size',
    'spec.template.spec.command',
    'spec.template.spec.restartPolicy',
  ]);
});
