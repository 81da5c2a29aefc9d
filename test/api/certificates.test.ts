import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { request, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { test } from 'node:test';

import { createApiCertificates, issueClientCertificate } from '../../src/api/certificates.ts';

test('a client of this CA is known by its owner name over TLS, a client of another CA is not', async () => {
  const [own, foreign] = await Promise.all([
    createApiCertificates({ clients: ['alice'] }),
    createApiCertificates({ clients: ['alice'] }),
  ]);
  const server = createServer(
    {
      ca: own.ca,
      cert: own.certificate,
      key: own.key,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (incoming, response) => {
      const socket = incoming.socket as TLSSocket;
      response.end(socket.authorized ? socket.getPeerCertificate().subject.CN : 'unknown');
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const ask = async (host: string, cert: string, key: string): Promise<string> => {
    const sent = request({ host, port, ca: own.ca, cert, key, agent: false }).end();
    const [answer] = await once(sent, 'response');
    return (await answer.toArray()).join('');
  };
  const late = await issueClientCertificate(own.ca, own.caKey, 'bob');
  assert.equal(await ask('127.0.0.1', own.clients[0]!.certificate, own.clients[0]!.key), 'alice');
  assert.equal(await ask('localhost', late.certificate, late.key), 'bob');
  assert.equal(
    await ask('127.0.0.1', foreign.clients[0]!.certificate, foreign.clients[0]!.key),
    'unknown',
  );
  server.close();
});

test('certificates name their purpose, their hosts and their end', async () => {
  const made = await createApiCertificates({
    clients: ['alice'],
    days: 2,
    hosts: ['10.0.0.7', 'lab.example'],
  });
  const server = new X509Certificate(made.certificate);
  assert.equal(server.subjectAltName, 'IP Address:10.0.0.7, DNS:lab.example');
  assert.equal(server.ca, false);
  assert.ok(server.checkIssued(new X509Certificate(made.ca)));
  const days = (Date.parse(server.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 1.9 && days <= 2, `${days} days`);
  const client = new X509Certificate(made.clients[0]!.certificate);
  assert.match(client.subject, /CN=alice\nO=p2pcs:owner/);
  assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2']);
});
