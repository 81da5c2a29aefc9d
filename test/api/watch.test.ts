import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { slices, sliceOf, startTestServer } from './test-server.ts';
import type { Event, TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.server.close());

const create = (name: string, labels: object = {}): Promise<unknown> =>
  server.ask(slices, { method: 'POST', body: sliceOf(name, { size: 1 }, { labels }) });
const patch = (name: string, body: object): Promise<unknown> =>
  server.ask(`${slices}/${name}`, {
    method: 'PATCH',
    body,
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
const remove = (name: string): Promise<unknown> =>
  server.ask(`${slices}/${name}`, { method: 'DELETE' });
const next = async (events: AsyncGenerator<Event, void>): Promise<Event> => {
  const { value } = await events.next();
  assert.ok(value !== undefined, 'the watch ended');
  return value;
};
const brief = ({ type, object }: Event): string => `${type} ${object.metadata.name}`;

test('a watch from a list goes on exactly where the list ended', async () => {
  await create('before');
  const { resourceVersion } = (await server.ask(slices)).body.metadata;
  await create('between');
  const events = server.watch(`${slices}?watch=true&resourceVersion=${resourceVersion}`);
  assert.equal(brief(await next(events)), 'ADDED between');
  await patch('between', { spec: { size: 2 } });
  const changed = await next(events);
  assert.equal(brief(changed), 'MODIFIED between');
  assert.equal(changed.object.metadata.generation, 2);
  await remove('between');
  const gone = await next(events);
  assert.equal(brief(gone), 'DELETED between');
  assert.ok(
    Number(gone.object.metadata.resourceVersion) > Number(changed.object.metadata.resourceVersion),
  );
  await events.return();
  await remove('before');
});

test('through a selector, what leaves it is deleted and what enters it is added', async () => {
  await create('sel', { tier: 'back' });
  const { resourceVersion } = (await server.ask(slices)).body.metadata;
  const events = server.watch(
    `${slices}?watch=true&resourceVersion=${resourceVersion}&labelSelector=tier%3Dfront`,
  );
  await patch('sel', { spec: { size: 3 } });
  await patch('sel', { metadata: { labels: { tier: 'front' } } });
  assert.equal(brief(await next(events)), 'ADDED sel');
  await patch('sel', { spec: { size: 4 } });
  assert.equal(brief(await next(events)), 'MODIFIED sel');
  await patch('sel', { metadata: { labels: { tier: 'back' } } });
  const left = await next(events);
  assert.equal(brief(left), 'DELETED sel');
  assert.equal(left.object.metadata.labels.tier, 'front');
  await patch('sel', { metadata: { labels: { tier: 'front' } } });
  assert.equal(brief(await next(events)), 'ADDED sel');
  await events.return();
  await remove('sel');
});

test('without a version a watch starts with what there is', async () => {
  await create('there');
  for (const version of ['', '&resourceVersion=0']) {
    const events = server.watch(`${slices}?watch=true${version}`);
    assert.equal(brief(await next(events)), 'ADDED there');
    await events.return();
  }
  await remove('there');
});

test('sendInitialEvents ends with the bookmark that informers wait for', async () => {
  await create('first');
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
  const events = server.watch(`${slices}?${query}&allowWatchBookmarks=true`);
  assert.equal(brief(await next(events)), 'ADDED first');
  const { type, object } = await next(events);
  assert.equal(type, 'BOOKMARK');
  assert.equal(object.kind, 'Slice');
  assert.equal(object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  assert.equal(object.metadata.resourceVersion, String(server.backend.catalog.resourceVersion()));
  await events.return();
  assert.equal((await server.ask(`${slices}?${query}`)).code, 422);
  await remove('first');
});

test('a version that history does not reach is told by a 410, and the watch ends', async () => {
  for (const version of ['1', '999999999']) {
    const events = server.watch(`${slices}?watch=true&resourceVersion=${version}`);
    const { type, object } = await next(events);
    assert.deepEqual([type, object.code, object.reason], ['ERROR', 410, 'Expired']);
    assert.equal((await events.next()).done, true);
  }
  assert.equal((await server.ask(`${slices}?watch=true&resourceVersion=x`)).code, 400);
});

test('rows are watched with their columns named once', async () => {
  await create('row');
  const events = server.watch(`${slices}?watch=true`, {
    Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  });
  const first = await next(events);
  assert.equal(first.object.kind, 'Table');
  assert.equal(first.object.columnDefinitions[0].name, 'Name');
  await patch('row', { spec: { size: 2 } });
  const second = await next(events);
  assert.equal(second.object.columnDefinitions, null);
  assert.equal(second.object.rows[0].cells[0], 'row');
  assert.equal(second.object.rows[0].object.kind, 'PartialObjectMetadata');
  await events.return();
  await remove('row');
});

test('a watch lasts as long as asked, and its last word is where to go on', async () => {
  const events = server.watch(`${slices}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true`);
  const { type, object } = await next(events);
  assert.equal(type, 'BOOKMARK');
  assert.equal(object.metadata.resourceVersion, String(server.backend.catalog.resourceVersion()));
  assert.equal((await events.next()).done, true);
});

test('a watch sees its namespace only', async () => {
  const events = server.watch(`${slices.replace('default', 'lab')}?watch=true`);
  await create('elsewhere');
  await server.ask(slices.replace('default', 'lab'), { method: 'POST', body: sliceOf('here') });
  assert.equal(brief(await next(events)), 'ADDED here');
  await events.return();
  await remove('elsewhere');
});
