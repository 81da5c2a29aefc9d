import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '../../src/daemon/event-log.ts';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import { LiveCatalog } from '../../src/store/live-catalog.ts';
import type { Uid } from '../../src/objects/ids.ts';
import type { ApiObject } from '../../src/objects/object.ts';

const regarding: ApiObject = {
  apiVersion: 'p2pcs.io/v1alpha1',
  kind: 'Slice',
  metadata: {
    name: 's',
    namespace: 'default',
    uid: 'u' as Uid,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
};
const startMs = Date.parse('2026-01-01T00:00:00Z');
const happened = {
  regarding,
  type: 'Normal',
  reason: 'Joined',
  message: 'node1 holds place 0',
} as const;

test('the same event again counts up instead of filling the list', () => {
  const catalog = new LiveCatalog(1);
  const log = new EventLog(catalog, 'node1');
  log.record(happened, startMs);
  log.record(happened, startMs + 5000);
  const events = catalog.list(kindKeys.event) as readonly (ApiObject & {
    count: number;
    lastTimestamp: string;
  })[];
  assert.deepEqual(
    events.map(({ count, lastTimestamp }) => [count, lastTimestamp]),
    [[2, '2026-01-01T00:00:05Z']],
  );
});

test('events go after an hour, and beyond 5,000', () => {
  const catalog = new LiveCatalog(1);
  const log = new EventLog(catalog, 'node1');
  log.record(happened, startMs);
  log.expire(startMs + 3_600_000);
  assert.equal(catalog.list(kindKeys.event).length, 0);
  for (let i = 0; i < 5100; i += 1)
    log.record({ ...happened, message: String(i) }, startMs + 3_600_000);
  assert.equal(catalog.list(kindKeys.event).length, 5000);
});

test("another peer's events are shown once, with its name, and are not passed on as one's own", () => {
  const here = new LiveCatalog(1);
  const log = new EventLog(here, 'node1');
  const there = new EventLog(new LiveCatalog(1), 'node2');
  there.record(happened, startMs);
  log.learn('node2', there.own(10), startMs + 1000);
  log.learn('node2', there.own(10), startMs + 2000);
  const [event, ...more] = here.list(kindKeys.event) as readonly (ApiObject & {
    reportingInstance: string;
  })[];
  assert.equal(event?.reportingInstance, 'node2');
  assert.equal(more.length, 0);
  assert.deepEqual(log.own(10), []);
});
