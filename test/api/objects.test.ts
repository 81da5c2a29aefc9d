import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { slices, sliceOf, startTestServer } from './test-server.ts';
import type { Answer, TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.server.close());

const post = (body: object, query = ''): Promise<Answer> =>
  server.ask(slices + query, { method: 'POST', body });
const merge = { 'Content-Type': 'application/merge-patch+json' };
const jsonPatch = { 'Content-Type': 'application/json-patch+json' };

test('the server sets uid, times and versions, and ignores what a client says of them', async () => {
  const { code, body } = await post({
    ...sliceOf(
      'stamped',
      { size: 1 },
      {
        uid: 'mine',
        generation: 9,
        creationTimestamp: '2001-01-01T00:00:00Z',
        managedFields: [{}],
        labels: { a: 'b' },
      },
    ),
    status: { readyMembers: 99 },
  });
  assert.equal(code, 201);
  assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
  assert.equal(body.metadata.generation, 1);
  assert.ok(Date.parse(body.metadata.creationTimestamp) > Date.parse('2020-01-01'));
  assert.equal(body.status, undefined);
  assert.deepEqual(body.metadata.labels, { a: 'b' });
  assert.equal(body.metadata.managedFields, undefined);
});

test('generateName finds a free name', async () => {
  const made = await Promise.all(
    [1, 2, 3].map(() => post(sliceOf('', { size: 1 }, { name: undefined, generateName: 'run-' }))),
  );
  const names = new Set(made.map(({ body }) => body.metadata.name));
  assert.equal(names.size, 3);
  for (const name of names) assert.match(name, /^run-[a-z0-9]{5}$/);
});

test('YAML bodies are read as kubectl reads YAML, and YAML is answered when asked for', async () => {
  const { code, text } = await server.ask(slices, {
    method: 'POST',
    body: 'apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata: {name: yaml}\nspec: {size: 0x10}\n',
    headers: { 'Content-Type': 'application/yaml', Accept: 'application/yaml' },
  });
  assert.equal(code, 201);
  assert.match(text, /^apiVersion: p2pcs\.io\/v1alpha1\n[^]*size: 16\n/);
});

test('a write that changes nothing is none', async () => {
  const { body } = await post(sliceOf('calm', { size: 2 }, { labels: { a: 'b' } }));
  const { writes } = server.backend;
  const version = server.backend.catalog.resourceVersion();
  const path = `${slices}/calm`;
  const again = await Promise.all([
    server.ask(path, { method: 'PUT', body }),
    server.ask(path, {
      method: 'PUT',
      body: {
        ...sliceOf('calm', { size: 2 }, { labels: { a: 'b' } }),
        status: { readyMembers: 3 },
      },
    }),
    server.ask(path, {
      method: 'PATCH',
      headers: merge,
      body: { spec: { size: 2, percent: null }, metadata: { annotations: {} } },
    }),
    server.ask(path, {
      method: 'PATCH',
      headers: jsonPatch,
      body: [{ op: 'test', path: '/spec/size', value: 2 }],
    }),
  ]);
  for (const answer of again)
    assert.equal(answer.body.metadata?.resourceVersion, body.metadata.resourceVersion);
  assert.equal(server.backend.writes, writes);
  assert.equal(server.backend.catalog.resourceVersion(), version);
});

test('an old version, another uid, another name or namespace conflict', async () => {
  const { body } = await post(sliceOf('versions', { size: 1 }));
  const path = `${slices}/versions`;
  await server.ask(path, { method: 'PATCH', headers: merge, body: { spec: { size: 2 } } });
  const put = (metadata: object): Promise<Answer> =>
    server.ask(path, {
      method: 'PUT',
      body: {
        ...body,
        spec: { size: 3 },
        metadata: { ...body.metadata, resourceVersion: undefined, ...metadata },
      },
    });
  assert.equal((await put({ resourceVersion: body.metadata.resourceVersion })).code, 409);
  assert.equal((await put({ uid: 'other' })).code, 409);
  assert.equal((await put({ name: 'other' })).code, 400);
  assert.equal((await put({ namespace: 'lab' })).code, 400);
  assert.equal((await put({})).code, 200);
  const patch = { metadata: { resourceVersion: body.metadata.resourceVersion }, spec: { size: 9 } };
  assert.equal(
    (await server.ask(path, { method: 'PATCH', headers: merge, body: patch })).code,
    409,
  );
  for (const preconditions of [{ uid: 'other' }, { resourceVersion: '1' }]) {
    assert.equal((await server.ask(path, { method: 'DELETE', body: { preconditions } })).code, 409);
  }
  const gone = await server.ask(path, {
    method: 'DELETE',
    body: { preconditions: { uid: body.metadata.uid } },
  });
  assert.deepEqual(
    [gone.code, gone.body.status, gone.body.details.uid],
    [200, 'Success', body.metadata.uid],
  );
});

test('patches that name no version win a race against each other', async () => {
  await post(sliceOf('race', { size: 0 }));
  const path = `${slices}/race`;
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      server.ask(path, {
        method: 'PATCH',
        headers: merge,
        body: { metadata: { labels: { [`l${index}`]: 'x' } } },
      }),
    ),
  );
  assert.deepEqual(
    answers.map(({ code }) => code),
    Array(12).fill(200),
  );
  const { body } = await server.ask(path);
  assert.equal(Object.keys(body.metadata.labels).length, 12);
});

test('JSON patches fail whole, and cannot grow without bound', async () => {
  await post(sliceOf('patched', { size: 4 }));
  const patch = (body: object): Promise<Answer> =>
    server.ask(`${slices}/patched`, { method: 'PATCH', headers: jsonPatch, body });
  assert.equal(
    (
      await patch([
        { op: 'replace', path: '/spec/size', value: 5 },
        { op: 'test', path: '/spec/size', value: 6 },
      ])
    ).code,
    422,
  );
  assert.equal((await patch([{ op: 'remove', path: '/spec/none/at/all' }])).code, 422);
  assert.equal((await patch([{ op: 'add', path: '/__proto__/x', value: 1 }])).code, 422);
  assert.equal((await patch({})).code, 400);
  assert.equal(
    (await patch(Array(1001).fill({ op: 'test', path: '/kind', value: 'Slice' }))).code,
    413,
  );
  const doubling = [
    { op: 'add', path: '/x', value: ['x'.repeat(64)] },
    ...Array.from({ length: 40 }, () => ({ op: 'copy', from: '/x', path: '/x/-' })),
  ];
  assert.equal((await patch(doubling)).code, 413);
  assert.equal((await server.ask(`${slices}/patched`)).body.spec.size, 4);
});

test('warnings of the store reach the client in one line of ASCII', async () => {
  await post(sliceOf('warned', { size: 1 }));
  const { headers } = await server.ask(`${slices}/warned?fieldValidation=Warn`, {
    method: 'PATCH',
    headers: merge,
    body: { spec: { size: 2, 'größe "x"\n': 1 } },
  });
  assert.equal(
    headers['warning'],
    String.raw`299 - "unknown field \"spec.gr e \"x\" \"", 299 - "only this peer has it: no other answered within a second"`,
  );
});

test('status and collections are not written, Orphan is refused, other kinds and methods too', async () => {
  await post(sliceOf('closed', { size: 1 }));
  const code = async (
    path: string,
    method: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<number> => (await server.ask(path, { method, body, headers })).code;
  const path = `${slices}/closed`;
  assert.equal(await code(`${path}/status`, 'PUT', sliceOf('closed')), 405);
  assert.equal(await code(slices, 'DELETE'), 405);
  assert.equal(await code(path, 'POST', {}), 405);
  assert.equal(await code(path, 'DELETE', { propagationPolicy: 'Orphan' }), 400);
  assert.equal(await code(`${path}/none`, 'GET'), 404);
  assert.equal(await code('/apis/p2pcs.io/v1alpha1/slices', 'POST', sliceOf('x')), 400);
  assert.equal(await code('/apis/p2pcs.io/v1alpha1/namespaces/default/peers', 'GET'), 404);
  assert.equal(await code('/apis/p2pcs.io/v2/slices', 'GET'), 404);
  assert.equal(await code(slices, 'POST', { ...sliceOf('x'), kind: 'Peer' }), 400);
  assert.equal(await code(slices, 'POST', sliceOf('x', { size: 1 }, { namespace: 'lab' })), 400);
  assert.equal(await code(`${slices}?dryRun=Some`, 'POST', sliceOf('x')), 400);
  assert.equal(
    await code(path, 'PATCH', {}, { 'Content-Type': 'application/apply-patch+yaml' }),
    415,
  );
  assert.equal(
    await code(path, 'PATCH', {}, { 'Content-Type': 'application/strategic-merge-patch+json' }),
    415,
  );
  assert.equal(await code('/apis/p2pcs.io/v1alpha1/namespaces/default/claims', 'POST', {}), 405);
  assert.equal(await code(path, 'GET', undefined, { Accept: 'text/html' }), 406);
  assert.equal(
    await code(path, 'GET', undefined, {
      Accept: 'application/vnd.kubernetes.protobuf, application/json',
    }),
    200,
  );
});

test('dry runs of every verb answer as if, and store nothing', async () => {
  const { body } = await post(sliceOf('dry', { size: 1 }));
  const { writes } = server.backend;
  const path = `${slices}/dry`;
  assert.equal((await post(sliceOf('dry2', { size: 1 }), '?dryRun=All')).code, 201);
  assert.equal(
    (
      await server.ask(`${path}?dryRun=All`, {
        method: 'PUT',
        body: { ...body, spec: { size: 5 } },
      })
    ).body.spec.size,
    5,
  );
  assert.equal((await server.ask(`${path}?dryRun=All`, { method: 'DELETE' })).code, 200);
  assert.equal((await server.ask(path, { method: 'DELETE', body: { dryRun: ['All'] } })).code, 200);
  assert.equal(server.backend.writes, writes);
  assert.equal((await server.ask(path)).body.spec.size, 1);
});

test('logs stream as they are, from the tail, and a refusal is a Status', async () => {
  const spec = { slice: { name: 'web', uid: 'u' }, peer: 'node1', index: 0 };
  for (const name of ['web-node1', 'web-node2']) {
    server.backend.put('p2pcs.io/Instance' as never, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Instance',
      name,
      namespace: 'default',
      spec,
    });
  }
  server.backend.logLines.push('one', 'two', 'three');
  const path = '/apis/p2pcs.io/v1alpha1/namespaces/default/instances';
  assert.equal((await server.ask(`${path}/web-node1/log`)).text, 'one\ntwo\nthree\n');
  assert.equal((await server.ask(`${path}/web-node1/log?tailLines=1`)).text, 'three\n');
  const refused = await server.ask(`${path}/web-node2/log`);
  assert.deepEqual([refused.code, refused.body.message], [503, 'node2 does not answer']);
  assert.equal((await server.ask(`${path}/web-node9/log`)).code, 404);
  assert.equal((await server.ask(`${path}/web-node1/log?tailLines=x`)).code, 400);
});

test('queries of P2PCS itself carry who asks and what', async () => {
  const got = await server.ask('/p2pcs/v1/info?slice=web', { as: 'bob' });
  assert.deepEqual(got.body, { owner: 'bob', parameters: { slice: 'web' } });
  const posted = await server.ask('/p2pcs/v1/info?a=1', { method: 'POST', body: { b: '2' } });
  assert.deepEqual(posted.body.parameters, { a: '1', b: '2' });
  assert.equal((await server.ask('/p2pcs/v1/other')).code, 404);
  assert.equal((await server.ask('/p2pcs/v1/info', { method: 'DELETE' })).code, 405);
});

test('what is not allowed is refused in the words of who refuses', async () => {
  const { code, body } = await server.ask(slices, {
    method: 'POST',
    body: sliceOf('bobs'),
    as: 'bob',
  });
  assert.equal(code, 403);
  assert.match(body.message, /the namespace belongs to alice/);
  assert.equal(
    (
      await server.ask(slices.replace('default', 'lab'), {
        method: 'POST',
        body: sliceOf('bobs'),
        as: 'bob',
      })
    ).code,
    201,
  );
});
