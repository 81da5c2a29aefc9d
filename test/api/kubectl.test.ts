// The real kubectl takes this API for a cluster: the commands that people type, and what they see.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { kindKeys } from '../../src/objects/kind-keys.ts';
import { findKubectls, kubectlOf } from './kubectl.ts';
import type { Run } from './kubectl.ts';
import { startTestServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

const [binary] = findKubectls();
const manifest = (size: number, more = ''): string => `
apiVersion: p2pcs.io/v1alpha1
kind: Slice
metadata: {name: web, labels: {app: web}}
spec:
  size: ${size}
  rank: {by: [{attribute: cpuScore, weight: 2}, {attribute: memory}]}
  template:
    spec:
      command: [sleep, infinity]
      ports: [{name: http}]
      readiness: {exec: {command: ["true"]}}
${more}`;

describe('kubectl', { skip: binary === undefined ? 'needs kubectl' : false }, () => {
  let server: TestServer;
  let run: (command: string, input?: string) => Promise<Run>;

  /** Runs a command that has to succeed and answers with what it printed. */
  const ok = async (command: string, input?: string): Promise<string> => {
    const { code, out, err } = await run(command, input);
    assert.equal(code, 0, `kubectl ${command}\n${out}\n${err}`);
    return out;
  };
  /** Runs a command that has to fail and answers with its complaint. */
  const refused = async (command: string, input?: string): Promise<string> => {
    const { code, out, err } = await run(command, input);
    assert.notEqual(code, 0, `kubectl ${command} succeeded\n${out}`);
    return err;
  };
  /** Runs commands that only read, some at once, and compares what each printed. */
  const prints = async (
    ...expected: readonly [command: string, out: RegExp | string][]
  ): Promise<void> => {
    const queue = [...expected];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [command, wanted] = next;
        const out = await ok(command);
        if (typeof wanted === 'string') assert.equal(out, wanted, command);
        else assert.match(out, wanted, command);
      }
    };
    await Promise.all(Array.from({ length: 4 }, worker));
  };
  const spec = (): Record<string, unknown> =>
    server.backend.catalog.get(kindKeys.slice, 'default', 'web')?.spec as Record<string, unknown>;

  before(async () => {
    server = await startTestServer();
    run = kubectlOf(binary!, server);
    server.backend.put(kindKeys.peer, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Peer',
      name: 'node1',
      spec: { owner: 'alice', peerId: '12D3KooW', addresses: [] },
      status: {
        attributes: { cores: '8', memory: '16Gi' },
        drivers: [],
        version: '0.1.0',
        boot: 1,
        startedAt: '2026-01-01T00:00:00Z',
        state: 'Alive',
      },
    });
    server.backend.put(kindKeys.claim, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'Claim',
      name: 'web-node1',
      namespace: 'default',
      spec: {
        slice: { name: 'web', uid: 'u' },
        peer: 'node1',
        state: 'Held',
        index: 0,
        seniority: 4,
      },
      status: { predecessor: 'node3', successor: 'node2' },
    });
  });
  after(() => server.server.close());

  test('version and api-resources know the server', async () => {
    assert.match(await ok('version'), /Server Version: v1\.32\.4\+p2pcs\.0\.1\.0/);
    const resources = await ok('api-resources --api-group=p2pcs.io -o wide');
    assert.match(
      resources,
      /^slices +sl +p2pcs\.io\/v1alpha1 +true +Slice +create,delete,get,list,patch,update,watch +p2pcs,all$/m,
    );
    assert.match(resources, /^claims +p2pcs\.io\/v1alpha1 +true +Claim +get,list,watch/m);
  });

  test('apply creates, the same again is unchanged, an edit configures', async () => {
    assert.equal(await ok('apply -f -', manifest(3)), 'slice.p2pcs.io/web created\n');
    const writes = server.backend.writes;
    const { resourceVersion } = server.backend.catalog.get(
      kindKeys.slice,
      'default',
      'web',
    )!.metadata;
    assert.equal(await ok('apply -f -', manifest(3)), 'slice.p2pcs.io/web unchanged\n');
    assert.equal(server.backend.writes, writes);
    assert.equal(
      server.backend.catalog.get(kindKeys.slice, 'default', 'web')?.metadata.resourceVersion,
      resourceVersion,
    );
    assert.equal(await ok('apply -f -', manifest(4)), 'slice.p2pcs.io/web configured\n');
    assert.equal(spec()['size'], 4);
  });

  test('a dry run tells and stores nothing', async () => {
    assert.equal(
      await ok('apply --dry-run=server -f -', manifest(9)),
      'slice.p2pcs.io/web configured (server dry run)\n',
    );
    assert.equal(spec()['size'], 4);
    server.backend.settle('default', 'web');
    const diff = await run('diff -f -', manifest(9));
    assert.equal(diff.code, 1);
    assert.match(diff.out, /^-\s+size: 4$[^]*^\+\s+size: 9$/m);
    assert.equal(diff.out.match(/^[-+] /gm)?.length, 2, diff.out);
    assert.equal(spec()['size'], 4);
  });

  test('get prints columns, wide ones on request, and every machine form', async () => {
    server.backend.settle('default', 'web');
    await prints(
      ['get slices', /^NAME +DESIRED +HELD +READY +STATUS +AGE\nweb +4 +4 +4 +AllReady +\d+s\n$/],
      ['get sl web -o wide', /MESSAGE[^]*4 of 4 members are ready/],
      ['get slices -A', /^NAMESPACE +NAME [^]*\ndefault +web /],
      ['get sl --show-labels', /app=web/],
      ['get sl -o name', 'slice.p2pcs.io/web\n'],
      ['get sl web -o jsonpath={.status.readyMembers}', '4'],
      ['get sl -o custom-columns=N:.metadata.name,S:.spec.size', /^N +S\nweb +4\n$/],
      ['get sl -o jsonpath={.items[0].spec.replaceAfter}', '1500ms'],
      ['get sl -o json', /"kind": "List"/],
      ['get sl web -o yaml', /^apiVersion: p2pcs\.io\/v1alpha1\nkind: Slice\n/],
      ['get sl --sort-by=.spec.size', /web/],
      ['get sl --server-print=false', /^NAME +AGE\nweb/],
      ['get sl --chunk-size=1', /web/],
      ['get all', /slice\.p2pcs\.io\/web/],
      ['get ns', /^NAME +STATUS +AGE\ndefault +Active/],
      ['get peers', /^NAME +OWNER +STATE +SLICE +CORES +AGE\nnode1 +alice +Alive +8 /],
      ['get pe node1 -o wide', /16Gi +0\.1\.0/],
      [
        'get claims',
        /^NAME +SLICE +PEER +STATE +INDEX +SENIORITY +PREDECESSOR +SUCCESSOR +AGE\nweb-node1 +web +node1 +Held +0 +4 +node3 +node2 /,
      ],
      ['get sl web --subresource=status', /AllReady/],
      ['get sl web --subresource=scale', /^NAME +DESIRED +AVAILABLE\nweb +4 +4/],
      ['get inst --ignore-not-found', ''],
    );
  });

  test('selectors choose, and say which fields they know', async () => {
    await prints(
      ['get sl -l app=web', /web/],
      ["get sl -l 'app in (db,cache)' -o name", ''],
      ["get sl -l 'app,!tier,app!=db' -o name", /web/],
      ['get sl --field-selector=metadata.name=web -o name', /web/],
      ['get claims --field-selector=spec.peer=node2 -o name', ''],
      ['get claims --field-selector=spec.peer=node1 -o name', /web-node1/],
    );
    assert.match(
      await refused('get sl --field-selector=spec.size=4'),
      /field label not supported: spec\.size; Slice takes metadata\.name/,
    );
  });

  test('describe shows the object and its events', async () => {
    server.backend.recordEvent({
      regarding: server.backend.catalog.get(kindKeys.slice, 'default', 'web')!,
      type: 'Warning',
      reason: 'Shortage',
      message: 'three peers fit, four are wished',
    });
    const text = await ok('describe slice web');
    assert.match(text, /Desired Members: +4/);
    assert.match(text, /Warning +Shortage +\d+s +p2pcsd +three peers fit, four are wished/);
    assert.match(await ok('events --for slice/web'), /Shortage +Slice\/web/);
    assert.match(
      await ok('get events'),
      /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\d+s +Warning +Shortage +slice\/web/,
    );
    assert.match(
      await ok('get events.events.k8s.io -o jsonpath={.items[0].note}'),
      /three peers fit/,
    );
    assert.match(await ok('describe peer node1'), /Owner: +alice/);
  });

  test('wait sees conditions flip, fields change and objects go', async () => {
    assert.match(await ok('wait --for=condition=Ready slice/web --timeout=30s'), /condition met/);
    await ok('patch slice web --type=merge -p {"spec":{"size":2}}');
    const stale = await refused('wait --for=condition=Ready slice/web --timeout=200ms');
    assert.match(stale, /timed out/);
    const waiting = ok('wait --for=condition=Ready slice/web --timeout=30s');
    setTimeout(() => server.backend.settle('default', 'web'), 300);
    assert.match(await waiting, /condition met/);
    assert.match(
      await ok('wait --for=jsonpath={.status.readyMembers}=2 slice/web --timeout=30s'),
      /condition met/,
    );
  });

  test('scale goes by size, and a slice sized by percent says what to do', async () => {
    assert.match(await ok('scale slice/web --replicas=5'), /web scaled/);
    assert.equal(spec()['size'], 5);
    assert.match(await ok('scale slice/web --current-replicas=5 --replicas=6'), /web scaled/);
    assert.match(
      await refused('scale slice/web --current-replicas=5 --replicas=7'),
      /Expected replicas to be 5, was 6/,
    );
    assert.match(
      await refused('scale slice/web --replicas=10001'),
      /spec\.size in body should be less than or equal to 10000/,
    );
    assert.equal(spec()['size'], 6);
    await ok(
      'create -f -',
      'apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata: {name: tenth}\nspec: {percent: 10}\n',
    );
    const why = await refused('scale slice/tenth --replicas=3');
    assert.equal(
      why,
      'Error from server (BadRequest): sized by percent: 10; patch spec.percent or set size\n',
    );
    await ok('delete slice tenth');
  });

  test('patch, label, annotate and replace change, and only what they name', async () => {
    assert.match(
      await ok('patch slice web --type=merge -p {"spec":{"exclude":["node9"]}}'),
      /patched/,
    );
    assert.match(
      await ok('patch slice web --type=json -p [{"op":"replace","path":"/spec/size","value":7}]'),
      /patched/,
    );
    assert.deepEqual([spec()['size'], spec()['exclude']], [7, ['node9']]);
    assert.match(
      await refused('patch slice web -p {"spec":{"size":1}}'),
      /application\/strategic-merge-patch\+json is not supported/,
    );
    assert.match(await ok('label slice web tier=front'), /labeled/);
    assert.match(await ok('label slice web tier=front --overwrite'), /not labeled/);
    assert.match(await ok('annotate slice web note=hello'), /annotated/);
    const { labels, annotations } = server.backend.catalog.get(
      kindKeys.slice,
      'default',
      'web',
    )!.metadata;
    assert.equal(labels?.['tier'], 'front');
    assert.equal(annotations?.['note'], 'hello');
    assert.match(
      await refused('patch slice web --subresource=status --type=merge -p {"status":{}}'),
      /computed by each peer/,
    );
    const stored = await ok('get slice web -o yaml');
    await ok('label slice web tier=back --overwrite');
    assert.match(
      await refused('replace -f -', stored.replace('size: 7', 'size: 8')),
      /Conflict.*the object has been modified/,
    );
    const fresh = await ok('get slice web -o yaml');
    assert.match(await ok('replace -f -', fresh.replace('size: 7', 'size: 8')), /replaced/);
    assert.equal(spec()['size'], 8);
  });

  test('explain reads the descriptions of every level', async () => {
    await prints(
      ['explain slice', /Slice is a named set of peers[^]*spec\s+<Object>/],
      [
        'explain slice.spec.where.matchExpressions.operator',
        /How what the peer has relates to the values/,
      ],
      ['explain slice.metadata.finalizers', /Who has to clean up before it goes/],
      ['explain peer --recursive', /attributes\s+<map\[string\]string>/],
      ['explain event', /involvedObject/],
    );
  });

  test('mistakes are named, with the name that was meant', async () => {
    assert.match(
      await refused('apply -f -', manifest(3).replace('size:', 'sise:')),
      /unknown field "spec\.sise" \(did you mean "size"\?\)/,
    );
    const both = await refused('apply -f -', manifest(20_000, '  percent: 0\n'));
    for (const part of [
      /\* spec: Invalid value: exactly one of size and percent/,
      /\* spec\.size: Invalid value: 20000/,
      /\* spec\.percent: Invalid value: 0/,
    ]) {
      assert.match(both, part);
    }
    assert.match(
      await refused('apply --validate=ignore -f -', manifest(3, '  priority: 5\n')),
      /spec\.priority: not supported yet; of two slices/,
    );
    assert.match(
      await refused('apply -f -', manifest(3, '  onPartition: Fence\n')),
      /spec\.onPartition: Unsupported value: "Fence": not supported yet/,
    );
    const warned = await run('apply --validate=warn -f -', manifest(8, '  colour: red\n'));
    assert.match(warned.err, /Warning: unknown field "spec\.colour"/);
    assert.match(
      await refused('apply -n nowhere -f -', manifest(3)),
      /namespaces "nowhere" not found/,
    );
    assert.match(await refused('get slice gone'), /slices\.p2pcs\.io "gone" not found/);
    assert.match(
      await refused('create -f -', manifest(3)),
      /AlreadyExists.*slices\.p2pcs\.io "web" already exists/,
    );
  });

  test('what a peer says of itself is only read, with a hint', async () => {
    assert.match(
      await refused('delete claim web-node1'),
      /MethodNotAllowed.*to remove a member: p2pctl terminate-nodes SLICE PEER/,
    );
    assert.match(await refused('label peer node1 a=b'), /a Peer is written by its machine only/);
    assert.match(
      await refused('create namespace mine'),
      /namespaces come from the owners' certificates/,
    );
  });

  test('who am I, and what may I do', async () => {
    assert.match(await ok('auth whoami'), /Username +alice/);
    assert.equal(await ok('auth can-i create slices'), 'yes\n');
    const no = await run('auth can-i delete claims.p2pcs.io');
    assert.equal(no.code, 1);
    assert.match(no.out, /^no - a Claim is written by its peer only/);
    assert.match(await ok('auth can-i --list'), /slices\.p2pcs\.io/);
    const other = await run('--context bob auth can-i create slices');
    assert.match(other.out, /^no - bob may not create/);
    assert.match(
      await refused('--context bob delete slice web'),
      /Forbidden.*the namespace belongs to alice/,
    );
    assert.match(await refused('--as carol get slices'), /impersonation/);
  });

  test('delete waits until finalizers let go, and names what it deleted', async () => {
    await ok('patch slice web --type=merge -p {"metadata":{"finalizers":["p2pcs.io/hold"]}}');
    const deleting = ok('delete slice web --timeout=30s');
    await server.backend.until(
      () =>
        server.backend.catalog.get(kindKeys.slice, 'default', 'web')?.metadata.deletionTimestamp !==
        undefined,
    );
    assert.match(
      await refused(
        'apply -f -',
        manifest(3).replace('{name: web', '{name: web, finalizers: [p2pcs.io/more, p2pcs.io/hold]'),
      ),
      /no new finalizers can be added/,
    );
    const gone = ok('wait --for=delete slice/web --timeout=30s');
    await ok('patch slice web --type=merge -p {"metadata":{"finalizers":null}}');
    assert.match(await deleting, /slice\.p2pcs\.io "web" deleted/);
    await gone;
    assert.match(await refused('get slice web'), /not found/);
  });
});
