import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';

import { createApiCertificates } from '../../src/api/certificates.ts';
import { slices, sliceOf, startTestServer } from './test-server.ts';
import type { TestServer } from './test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.server.close());

test('without a client certificate nothing is answered but a 401 that says what to do', async () => {
  for (const path of [slices, '/version', '/healthz', '/openapi/v3', '/nowhere']) {
    const { code, body } = await server.ask(path, { as: 'nobody' });
    assert.equal(code, 401, path);
    assert.deepEqual([body.kind, body.reason], ['Status', 'Unauthorized']);
    assert.match(body.message, /client certificate/);
  }
});

test('a certificate of another CA, or of the server itself, is nobody', async () => {
  const foreign = await createApiCertificates({ clients: ['alice'] });
  const { ca, certificate, key } = server.certificates;
  for (const { cert, key: own } of [
    { cert: foreign.clients[0]!.certificate, key: foreign.clients[0]!.key },
    { cert: certificate, key },
  ]) {
    const socket = connect({ host: '127.0.0.1', port: server.server.port, ca, cert, key: own });
    await once(socket, 'secureConnect');
    socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.match((await socket.setEncoding('utf8').toArray()).join(''), /^HTTP\/1\.1 401 /);
  }
});

test('a browser is refused: foreign Host, Origin, impersonation', async () => {
  for (const headers of [
    { Host: 'evil.example' },
    { Host: '127.0.0.1.evil.example' },
    { Origin: 'https://evil.example' },
    { 'Impersonate-User': 'bob' },
    { 'Impersonate-Group': 'p2pcs:owner' },
  ]) {
    assert.equal((await server.ask(slices, { headers })).code, 403, JSON.stringify(headers));
  }
  for (const Host of ['localhost', `127.0.0.1:${server.server.port}`, '[::1]:443']) {
    assert.equal((await server.ask(slices, { headers: { Host } })).code, 200, Host);
  }
});

test('what is too large, too deep or hostile is refused before it is looked at', async () => {
  const write = (
    body: unknown,
    type = 'application/json',
  ): Promise<{ code: number; text: string }> =>
    server.ask(slices, { method: 'POST', body, headers: { 'Content-Type': type } });
  const cases: [string, unknown, string, number][] = [
    ['body', Buffer.alloc(3 * 1024 * 1024 + 1, 0x20), 'application/json', 413],
    ['yaml', `a: "${'x'.repeat(600 * 1024)}"`, 'application/yaml', 413],
    ['depth', '['.repeat(100_000) + ']'.repeat(100_000), 'application/json', 400],
    ['yaml depth', '['.repeat(50_000), 'application/yaml', 400],
    ['prototype', '{"__proto__":{"size":1}}', 'application/json', 400],
    [
      'bombs',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`)
        .join('\n')}`,
      'application/yaml',
      400,
    ],
    ['twice', 'kind: Slice\nkind: Slice\n', 'application/yaml', 400],
    ['no json', '{', 'application/json', 400],
    ['form', 'a=b', 'application/x-www-form-urlencoded', 415],
    ['protobuf', Buffer.from('nope'), 'application/vnd.kubernetes.protobuf', 415],
    ['list', '[]', 'application/json', 400],
    [
      'big object',
      JSON.stringify(
        sliceOf('big', {
          size: 1,
          template: { spec: { command: Array(20).fill('x'.repeat(16_000)) } },
        }),
      ),
      'application/json',
      413,
    ],
  ];
  for (const [name, body, type, code] of cases)
    assert.equal((await write(body, type)).code, code, name);
  assert.equal((await server.ask(slices)).body.items.length, 0);
});

test('names that every object has are fields like any other', async () => {
  const body = sliceOf('odd', { size: 1, constructor: 1, toString: { x: 1 } });
  const { code, body: status } = await server.ask(`${slices}?fieldValidation=Strict`, {
    method: 'POST',
    body,
  });
  assert.equal(code, 400);
  assert.match(status.message, /unknown field "spec\.constructor".*unknown field "spec\.toString"/);
});

test('close ends watches and logs at once and leaves no socket', async () => {
  const other = await startTestServer();
  await other.ask(slices, { method: 'POST', body: sliceOf('web') });
  const events = other.watch(`${slices}?watch=true`);
  await events.next();
  const closed = other.server.close();
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  await closed;
  await assert.rejects(other.ask('/version'), /ECONNREFUSED/);
});
