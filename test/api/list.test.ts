import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { slices, sliceOf, startTestServer } from './test-server.ts';
import type { Answer, TestServer } from './test-server.ts';

const count = 7;
let server: TestServer;
before(async () => {
  server = await startTestServer();
  for (let index = 0; index < count; index++) {
    await server.ask(slices, {
      method: 'POST',
      body: sliceOf(
        `s${index}`,
        { size: index },
        { labels: { parity: index % 2 === 0 ? 'even' : 'odd' } },
      ),
    });
  }
});
after(() => server.server.close());

const names = ({ body }: Answer): string[] =>
  body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
const table = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

test('pages together are the list, whatever changes in between', async () => {
  const first = await server.ask(`${slices}?limit=3`);
  assert.deepEqual(names(first), ['s0', 's1', 's2']);
  assert.equal(first.body.metadata.remainingItemCount, 4);
  await server.ask(`${slices}/s1`, { method: 'DELETE' });
  await server.ask(slices, {
    method: 'POST',
    body: sliceOf('s1', { size: 1 }, { labels: { parity: 'odd' } }),
  });
  const second = await server.ask(`${slices}?limit=3&continue=${first.body.metadata.continue}`);
  assert.deepEqual(names(second), ['s3', 's4', 's5']);
  assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  const third = await server.ask(`${slices}?limit=3&continue=${second.body.metadata.continue}`);
  assert.deepEqual(names(third), ['s6']);
  assert.equal(third.body.metadata.continue, undefined);
});

test('a page whose place is gone is expired, and a made-up one is refused', async () => {
  await server.ask(slices, { method: 'POST', body: sliceOf('s00') });
  const { body } = await server.ask(`${slices}?limit=2`);
  await server.ask(`${slices}/s00`, { method: 'DELETE' });
  assert.equal(
    (await server.ask(`${slices}?limit=1&continue=${body.metadata.continue}`)).code,
    410,
  );
  for (const token of ['x', 'WzFd', Buffer.from('[2,1,"a"]').toString('base64url')]) {
    assert.equal((await server.ask(`${slices}?continue=${token}`)).code, 400, token);
  }
});

test('a limit counts what the selector lets through', async () => {
  const first = await server.ask(`${slices}?limit=3&labelSelector=parity%3Deven`);
  assert.deepEqual(names(first), ['s0', 's2', 's4']);
  assert.equal(first.body.metadata.remainingItemCount, undefined);
  const rest = await server.ask(
    `${slices}?limit=3&labelSelector=parity%3Deven&continue=${first.body.metadata.continue}`,
  );
  assert.deepEqual(names(rest), ['s6']);
});

test('versions: any, not older than, exactly, from the future, none at all', async () => {
  const current = server.backend.catalog.resourceVersion();
  const code = async (query: string): Promise<number> =>
    (await server.ask(`${slices}?${query}`)).code;
  assert.equal(await code('resourceVersion=0'), 200);
  assert.equal(await code(`resourceVersion=${current - 1}&resourceVersionMatch=NotOlderThan`), 200);
  assert.equal(await code(`resourceVersion=${current}&resourceVersionMatch=Exact`), 200);
  assert.equal(await code(`resourceVersion=${current - 1}&resourceVersionMatch=Exact`), 410);
  assert.equal(await code(`resourceVersion=${current + 9}`), 504);
  assert.equal(await code('resourceVersion=soon'), 400);
});

test('tables carry cells, and of the object what is asked for', async () => {
  for (const [include, kind] of [
    ['', 'PartialObjectMetadata'],
    ['None', undefined],
    ['Object', 'Slice'],
  ]) {
    const { body } = await server.ask(`${slices}?includeObject=${include}&limit=1`, {
      headers: table,
    });
    assert.deepEqual(
      body.columnDefinitions.map(({ name }: { name: string }) => name),
      ['Name', 'Desired', 'Held', 'Ready', 'Status', 'Percent', 'Message', 'Age'],
    );
    assert.deepEqual(
      body.columnDefinitions.map(({ priority }: { priority: number }) => priority),
      [0, 0, 0, 0, 0, 1, 1, 0],
    );
    assert.deepEqual(body.rows[0].cells.slice(0, 5), ['s0', null, null, null, null]);
    assert.equal(body.rows[0].object?.kind, kind);
    assert.ok(body.metadata.continue);
  }
  assert.equal((await server.ask(`${slices}?includeObject=All`, { headers: table })).code, 400);
  const one = await server.ask(`${slices}/s3`, { headers: table });
  assert.equal(one.body.rows.length, 1);
});

test('metadata only, of a list and of one', async () => {
  const headers = { Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' };
  const { body } = await server.ask(slices, { headers });
  assert.equal(body.kind, 'PartialObjectMetadataList');
  assert.equal(body.items.length, count);
  assert.equal(body.items[0].spec, undefined);
  const one = await server.ask(`${slices}/s3`, {
    headers: { Accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
  });
  assert.deepEqual(
    [one.body.kind, one.body.metadata.name, one.body.spec],
    ['PartialObjectMetadata', 's3', undefined],
  );
});

test('all namespaces, one, and one that nobody knows', async () => {
  await server.ask(slices.replace('default', 'lab'), { method: 'POST', body: sliceOf('a') });
  const everywhere = await server.ask('/apis/p2pcs.io/v1alpha1/slices');
  assert.equal(everywhere.body.items.length, count + 1);
  const unknown = await server.ask(slices.replace('default', 'nowhere'));
  assert.deepEqual([unknown.code, unknown.body.items], [200, []]);
  assert.equal(
    (await server.ask(slices.replace('default', 'nowhere'), { method: 'POST', body: sliceOf('a') }))
      .code,
    404,
  );
});

test('label selectors of every form, and broken ones', async () => {
  const cases: [selector: string, found: number][] = [
    ['parity', count],
    ['!parity', 0],
    ['parity=even,parity!=odd', 4],
    ['parity==odd', 3],
    ['parity in (odd, even)', count],
    ['parity notin (odd),other notin (x)', 4],
    ['missing!=x', count],
    ['size>3', 0],
  ];
  for (const [selector, found] of cases) {
    const { body } = await server.ask(`${slices}?labelSelector=${encodeURIComponent(selector)}`);
    assert.equal(body.items?.length, found, selector);
  }
  for (const selector of [
    'a=b=c',
    'a in',
    'a in (b',
    '=x',
    'a>b',
    'a b',
    '-a',
    `a=${'x'.repeat(64)}`,
    ',',
  ]) {
    assert.equal(
      (await server.ask(`${slices}?labelSelector=${encodeURIComponent(selector)}`)).code,
      400,
      selector,
    );
  }
});
