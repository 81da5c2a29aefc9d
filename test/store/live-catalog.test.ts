import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveCatalog } from '../../src/store/live-catalog.ts';
import type { CatalogEvent } from '../../src/store/catalog.ts';
import type { KindKey, Uid } from '../../src/objects/ids.ts';
import type { JsonObject } from '../../src/objects/json.ts';
import type { ApiObject } from '../../src/objects/object.ts';

const kind = 'p2pcs.io/Slice' as KindKey;

function slice(
  name: string,
  spec: JsonObject,
  more: Partial<ApiObject> = {},
  uid = name,
): ApiObject {
  const creationTimestamp = '2026-01-01T00:00:00Z';
  return {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Slice',
    metadata: { name, namespace: 'default', uid: uid as Uid, creationTimestamp },
    spec,
    ...more,
  };
}

function watched(): { catalog: LiveCatalog; events: CatalogEvent[] } {
  const catalog = new LiveCatalog(100);
  const events: CatalogEvent[] = [];
  catalog.subscribe((event) => events.push(event));
  return { catalog, events };
}

test('putting the same again moves no resourceVersion and tells nobody', () => {
  const { catalog, events } = watched();
  const first = catalog.put(kind, slice('a', { size: 1 }));
  const again = catalog.put(kind, slice('a', { size: 1 }));
  assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
  assert.equal(events.length, 1);
});

test('a changed spec counts a generation, a changed status does not', () => {
  const { catalog } = watched();
  assert.equal(catalog.put(kind, slice('a', { size: 1 })).metadata.generation, 1);
  const status = { readyMembers: 1 };
  const withStatus = catalog.put(kind, slice('a', { size: 1 }, { status }));
  assert.equal(withStatus.metadata.generation, 1);
  assert.equal(catalog.put(kind, slice('a', { size: 2 }, { status })).metadata.generation, 2);
});

test('another uid under the name is a deletion and an addition', () => {
  const { catalog, events } = watched();
  catalog.put(kind, slice('a', { size: 1 }, {}, 'one'));
  catalog.put(kind, slice('a', { size: 1 }, {}, 'two'));
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.uid]),
    [
      ['ADDED', 'one'],
      ['DELETED', 'one'],
      ['ADDED', 'two'],
    ],
  );
});

test('history answers what came after a version, and says when it no longer reaches back', () => {
  const { catalog } = watched();
  const first = Number(catalog.put(kind, slice('a', { size: 0 })).metadata.resourceVersion);
  catalog.put(kind, slice('a', { size: 1 }));
  const since = catalog.since(kind, first);
  assert.ok(since !== 'expired');
  assert.deepEqual(
    since.map(({ object }) => object.spec),
    [{ size: 1 }],
  );
  for (let size = 2; size < 10_000; size += 1) catalog.put(kind, slice('a', { size }));
  assert.equal(catalog.since(kind, first), 'expired');
  assert.equal(
    catalog.since(kind, catalog.resourceVersion() + 1),
    'expired',
    'a version of the future',
  );
});

test('lists are sorted as people count: node2 before node10', () => {
  const { catalog } = watched();
  for (const name of ['node10', 'node2', 'node1']) catalog.put(kind, slice(name, {}));
  assert.deepEqual(
    catalog.list(kind).map(({ metadata }) => metadata.name),
    ['node1', 'node2', 'node10'],
  );
});
