import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applyMergePatch } from '../../src/client/merge-patch.ts';
import {
  lastApplied,
  lastAppliedAnnotation,
  withLastApplied,
} from '../../src/cli/manifests/last-applied.ts';
import { planApply } from '../../src/cli/manifests/plan-apply.ts';
import type { JsonObject } from '../../src/objects/json.ts';

const slice = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  kind: 'Slice',
  apiVersion: 'p2pcs.io/v1alpha1',
  metadata: { name: 'x', namespace: 'default', ...metadata },
  spec,
});

/** What a server makes of it. */
const live = (object: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...object,
  ...more,
  metadata: { ...(object['metadata'] as JsonObject), uid: 'u', resourceVersion: '7' },
});

test('the annotation is, byte for byte, what kubectl 1.32 writes', () => {
  const object = slice({
    template: { spec: { command: ['sh', '-c', 'echo "<a>" && b'] } },
    size: 2,
  });
  const { metadata } = withLastApplied(object) as { metadata: { annotations: JsonObject } };
  assert.equal(
    metadata.annotations[lastAppliedAnnotation],
    '{"apiVersion":"p2pcs.io/v1alpha1","kind":"Slice","metadata":{"annotations":{},"name":"x","namespace":"default"},' +
      '"spec":{"size":2,"template":{"spec":{"command":["sh","-c","echo \\"\\u003ca\\u003e\\" \\u0026\\u0026 b"]}}}}\n',
  );
});

test('what is not there is created, with the wish in its annotation and without a status', () => {
  const plan = planApply({ ...slice({ size: 2 }), status: { a: 1 } }, undefined);
  assert.equal(plan.type, 'create');
  assert.ok(plan.type === 'create' && plan.body['status'] === undefined);
  assert.deepEqual(plan.type === 'create' && lastApplied(plan.body), {
    ...slice({ size: 2 }, { annotations: {} }),
  });
});

test('the same wish again is no write, whatever the server added', () => {
  const first = live(withLastApplied(slice({ size: 2 })), { status: { ready: true } });
  const defaulted = { ...first, spec: { size: 2, replaceAfter: '1500ms' } };
  assert.deepEqual(planApply(slice({ size: 2 }), defaulted), { type: 'keep' });
});

test('a field that is no longer wished for goes, one that another set stays', () => {
  const current = live(withLastApplied(slice({ size: 2, exclude: ['a'] })));
  const touched = { ...current, spec: { size: 9, exclude: ['a'], percent: 5 } };
  const plan = planApply(slice({ size: 2 }), touched);
  assert.ok(plan.type === 'patch');
  assert.deepEqual(plan.patch['spec'], { size: 2, exclude: null });
  const after = applyMergePatch(touched, plan.patch) as JsonObject;
  assert.deepEqual(after['spec'], { size: 2, percent: 5 });
});

test('an object that was made by other means is taken over without losing anything', () => {
  const current = live(slice({ size: 2, exclude: ['a'] }, { labels: { mine: 'yes' } }));
  const plan = planApply(slice({ size: 3 }), current);
  assert.ok(plan.type === 'patch');
  const after = applyMergePatch(current, plan.patch) as { spec: JsonObject; metadata: JsonObject };
  assert.deepEqual(after.spec, { size: 3, exclude: ['a'] });
  assert.deepEqual(after.metadata['labels'], { mine: 'yes' });
});

test('an annotation that is no JSON is as good as none', () => {
  const current = live(slice({ size: 2 }, { annotations: { [lastAppliedAnnotation]: '{' } }));
  assert.equal(lastApplied(current), undefined);
  assert.equal(planApply(slice({ size: 2 }), current).type, 'patch');
});
