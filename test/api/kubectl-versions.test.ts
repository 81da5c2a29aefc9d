// Clients of different years discover, encode and validate differently.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { findKubectls, kubectlOf } from './kubectl.ts';
import { startTestServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

const installed = findKubectls().slice(1);
// The oldest and the newest differ most; all of them take their time, which is for CI.
const binaries =
  process.env['CI'] === 'true'
    ? installed
    : installed.filter((_, index) => [0, installed.length - 1].includes(index));

describe(
  'every kubectl beside the one of PATH',
  { skip: binaries.length === 0 ? 'needs kubectl.1.NN' : false, concurrency: 3 },
  () => {
    let server: TestServer;
    before(async () => {
      server = await startTestServer();
    });
    after(() => server.server.close());

    for (const binary of binaries) {
      const minor = binary.slice(binary.lastIndexOf('kubectl.') + 'kubectl.'.length);
      test(`kubectl ${minor} applies, reads, scales, asks and deletes`, async () => {
        const run = kubectlOf(binary, server);
        const name = `web-${minor.replace('.', '-')}`;
        const manifest = `{"apiVersion":"p2pcs.io/v1alpha1","kind":"Slice","metadata":{"name":"${name}"},"spec":{"size":3}}`;
        const steps: [command: string, out: RegExp][] = [
          ['apply -f -', /created/],
          ['apply -f -', /unchanged/],
          [`get sl ${name}`, /^NAME +DESIRED[^]*web/],
          [`scale slice/${name} --replicas=4`, /scaled/],
          [`get sl ${name} -o jsonpath={.spec.size}`, /^4$/],
          ['explain slice.spec.size', /How many members the slice has/],
          ['auth can-i create slices', /^yes/],
          [`delete slice ${name}`, /deleted/],
        ];
        for (const [command, wanted] of steps) {
          const { code, out, err } = await run(
            command,
            command.startsWith('apply') ? manifest : '',
          );
          assert.equal(code, 0, `kubectl ${command}\n${err}`);
          assert.match(out, wanted, command);
        }
      });
    }
  },
);
