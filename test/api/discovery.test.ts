import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { kindFromCrd } from '../../src/api/crd.ts';
import type { CustomResourceDefinition } from '../../src/api/crd.ts';
import { slices, startTestServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.server.close());

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

test('discovery answers in the version that was asked for, for old clients too', async () => {
  for (const version of ['v2', 'v2beta1']) {
    const { body, headers } = await server.ask('/apis', {
      headers: { Accept: `${aggregated(version)},application/json` },
    });
    assert.equal(body.apiVersion, `apidiscovery.k8s.io/${version}`);
    assert.equal(headers['content-type'], aggregated(version));
    assert.equal(body.items[0].metadata.name, 'p2pcs.io');
  }
  const { body } = await server.ask('/apis', {
    headers: { Accept: `${aggregated('v9')},application/json` },
  });
  assert.equal(body.kind, 'APIGroupList');
  assert.equal((await server.ask('/api')).body.kind, 'APIVersions');
  assert.equal((await server.ask('/apis/p2pcs.io')).body.preferredVersion.version, 'v1alpha1');
  assert.equal((await server.ask('/apis/none.io')).code, 404);
});

test('the legacy list and the aggregated one name the same resources', async () => {
  const legacy = (await server.ask('/apis/p2pcs.io/v1alpha1')).body.resources;
  const { body } = await server.ask('/apis', { headers: { Accept: aggregated('v2') } });
  const named: string[] = body.items[0].versions[0].resources.flatMap(
    (entry: { resource: string; subresources: { subresource: string }[] }) => [
      entry.resource,
      ...entry.subresources.map(({ subresource }) => `${entry.resource}/${subresource}`),
    ],
  );
  assert.deepEqual(
    legacy.map(({ name }: { name: string }) => name),
    named,
  );
  assert.ok(named.includes('slices/scale') && named.includes('instances/log'));
});

test('OpenAPI documents are cached by their hash, and version 2 is empty protobuf', async () => {
  const { body } = await server.ask('/openapi/v3');
  const url: string = body.paths['apis/p2pcs.io/v1alpha1'].serverRelativeURL;
  const document = await server.ask(url);
  assert.equal(document.headers['cache-control'], 'public, immutable');
  const schema = document.body.components.schemas['io.p2pcs.v1alpha1.Slice'];
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [
    { group: 'p2pcs.io', version: 'v1alpha1', kind: 'Slice' },
  ]);
  const { parameters } =
    document.body.paths['/apis/p2pcs.io/v1alpha1/namespaces/{namespace}/slices/{name}'].patch;
  assert.ok(parameters.some(({ name }: { name: string }) => name === 'fieldValidation'));
  const etag = String(document.headers['etag']);
  assert.equal((await server.ask(url, { headers: { 'If-None-Match': etag } })).code, 304);
  const stale = await server.ask(url.replace(/hash=.*/, 'hash=OLD'));
  assert.deepEqual([stale.code, stale.headers['location']], [301, url]);
  const old = await server.ask('/openapi/v2', {
    headers: { Accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
  });
  assert.deepEqual(
    [old.code, old.text, old.headers['content-type']],
    [200, '', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
  );
});

test('every reference in OpenAPI leads to a schema', async () => {
  const { body } = await server.ask('/openapi/v3');
  for (const { serverRelativeURL } of Object.values(body.paths) as {
    serverRelativeURL: string;
  }[]) {
    const document = await server.ask(serverRelativeURL);
    for (const [, name] of document.text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.ok(document.body.components.schemas[name!] !== undefined, name);
    }
  }
});

test('a kind that is added while the server runs is served like the others', async () => {
  const crd: CustomResourceDefinition = {
    metadata: { name: 'buckets.p2pcs.io' },
    spec: {
      group: 'p2pcs.io',
      scope: 'Namespaced',
      names: { kind: 'Bucket', plural: 'buckets', shortNames: ['bk'] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { quota: { type: 'string' } } } },
            },
          },
        },
      ],
    },
  };
  const before = (await server.ask('/openapi/v3')).body.paths['apis/p2pcs.io/v1alpha1']
    .serverRelativeURL;
  server.server.kinds.add(kindFromCrd(crd));
  const path = slices.replace('slices', 'buckets');
  const body = {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Bucket',
    metadata: { name: 'b' },
    spec: { quota: '5Gi' },
  };
  assert.equal((await server.ask(path, { method: 'POST', body })).code, 201);
  assert.equal((await server.ask(path)).body.kind, 'BucketList');
  assert.notEqual(
    (await server.ask('/openapi/v3')).body.paths['apis/p2pcs.io/v1alpha1'].serverRelativeURL,
    before,
  );
  assert.match((await server.ask('/apis/p2pcs.io/v1alpha1')).text, /"buckets"/);
});

test('the paths that every client tries first', async () => {
  assert.match((await server.ask('/version')).body.gitVersion, /^v1\.32\.\d+\+p2pcs\.0\.1\.0$/);
  for (const path of ['/healthz', '/livez', '/readyz'])
    assert.equal((await server.ask(path)).text, 'ok');
  assert.equal((await server.ask('/nowhere')).text, '404 page not found\n');
  assert.equal((await server.ask('/apis/p2pcs.io/v1alpha1/wonders')).body.reason, 'NotFound');
  assert.equal((await server.ask('/apis/p2pcs.io/v1alpha1/namespaces/%zz/slices')).code, 404);
});
