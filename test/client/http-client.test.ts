import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { HttpClient, PeerUnreachable } from '../../src/client/http-client.ts';
import { StatusError } from '../../src/objects/status-error.ts';
import { answer, startTlsServer } from './tls-server.ts';
import { createApiCertificates } from '../../src/api/certificates.ts';
import { readJsonLines } from '../../src/client/json-lines.ts';
import type { TlsServer } from './tls-server.ts';

let server: TlsServer;
let client: HttpClient;
let unready = 0;

before(async () => {
  server = await startTlsServer((request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/invalid')) {
      answer(response, 422, {
        kind: 'Status',
        reason: 'Invalid',
        message: 'no good',
        details: {
          name: 'x',
          causes: [{ reason: 'FieldValueInvalid', message: 'too large', field: 'spec.size' }],
        },
      });
    } else if (path.startsWith('/text')) {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('404 page not found\n');
    } else if (path.startsWith('/warn')) {
      answer(response, 200, {}, { warning: '299 - "only \\"this\\" peer", 299 - "and more"' });
    } else if (path.startsWith('/unready')) {
      unready += 1;
      if (unready < 3)
        answer(response, 503, { kind: 'Status', message: 'syncing' }, { 'retry-after': '0' });
      else answer(response, 200, { attempts: unready });
    } else if (path.startsWith('/lines')) {
      response.write('{"a":1}\n{"a"');
      setTimeout(() => response.end(':2}\n\n{"a":3}\n'), 20);
    } else if (path.startsWith('/cut')) {
      response.write('{"a":1}\n');
      setTimeout(() => response.destroy(), 20);
    } else if (path.startsWith('/silent')) {
      // Never answered.
    } else answer(response, 200, { path, method: request.method });
  });
  client = new HttpClient(server.endpoint);
});

after(async () => {
  client.close();
  await server.close();
});

test('a request carries its query and is made as the owner in the client certificate', async () => {
  const { body } = await client.request({ path: '/a', query: { b: 'c d', gone: undefined, n: 3 } });
  assert.deepEqual(body, { path: '/a?b=c+d&n=3', method: 'GET' });
  assert.ok(server.seen.includes('GET /a?b=c+d&n=3 as alice'));
});

test('a refusal is a StatusError with its causes', async () => {
  await assert.rejects(client.json('/invalid'), (error: StatusError) => {
    assert.equal(error.reason, 'Invalid');
    assert.equal(error.code, 422);
    assert.equal(error.details?.causes?.[0]?.field, 'spec.size');
    return error instanceof StatusError;
  });
});

test('a refusal in plain text is one too', async () => {
  await assert.rejects(client.json('/text'), { reason: 'NotFound', message: '404 page not found' });
});

test('warnings are read, several in one header and with quotes in them', async () => {
  const { warnings } = await client.request({ path: '/warn' });
  assert.deepEqual(warnings, ['only "this" peer', 'and more']);
});

test('a peer that says Retry-After is asked again', async () => {
  assert.deepEqual(await client.json('/unready'), { attempts: 3 });
});

test('a stream of lines is read however it is cut into pieces', async () => {
  const found = [];
  for await (const line of readJsonLines(client.stream({ path: '/lines' }))) found.push(line);
  assert.deepEqual(found, [{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test('a stream that breaks is an unreachable peer', async () => {
  const found: unknown[] = [];
  await assert.rejects(async () => {
    for await (const line of readJsonLines(client.stream({ path: '/cut' }))) found.push(line);
  }, PeerUnreachable);
  assert.deepEqual(found, [{ a: 1 }]);
});

test('silence ends in a timeout that says so', async () => {
  await assert.rejects(client.request({ path: '/silent', timeoutMs: 50 }), {
    name: 'PeerUnreachable',
    message: 'no answer in time',
  });
});

test('an aborted request is an AbortError, not an unreachable peer', async () => {
  const controller = new AbortController();
  const asked = client.request({ path: '/silent', signal: controller.signal });
  controller.abort();
  await assert.rejects(asked, { name: 'AbortError' });
});

test('a server whose certificate another CA signed gets no request', async () => {
  const { ca } = await createApiCertificates({ clients: [] });
  const stranger = new HttpClient({ ...server.endpoint, ca });
  const before = server.seen.length;
  await assert.rejects(stranger.json('/secret'), /not signed by the CA in the kubeconfig/);
  assert.equal(server.seen.length, before);
  stranger.close();
});

test('nobody at the port is said in words', async () => {
  const nobody = new HttpClient({ ...server.endpoint, server: 'https://127.0.0.1:1' });
  await assert.rejects(nobody.json('/'), {
    name: 'PeerUnreachable',
    message: 'connection refused',
  });
});

test('credentials are never sent over http', () => {
  assert.throws(() => new HttpClient({ server: 'http://127.0.0.1:8080' }), /not https/);
});
