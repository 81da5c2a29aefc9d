import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createApiCertificates } from '../../src/api/certificates.ts';
import type { ApiCertificates } from '../../src/api/certificates.ts';
import { loadKinds } from '../../src/api/crd.ts';
import { createApiServer } from '../../src/api/server.ts';
import type { ApiServer } from '../../src/api/server.ts';
import { MemoryBackend } from './memory-backend.ts';

const crds: string = fileURLToPath(new URL('../../crds', import.meta.url));
export const slices = '/apis/p2pcs.io/v1alpha1/namespaces/default/slices';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Which client: an owner, or none. */
  readonly as?: string | undefined;
}

/** A real server over a memory backend, and a client that speaks plain HTTPS to it. */
export interface TestServer {
  readonly server: ApiServer;
  readonly backend: MemoryBackend;
  readonly certificates: ApiCertificates;
  /** A folder of its own, with a kubeconfig for alice and bob. */
  readonly folder: string;
  readonly kubeconfig: string;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Lines of a watch as they come. */
  watch(path: string, headers?: Record<string, string>): AsyncGenerator<Event, void>;
}

export interface Event {
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly object: any;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfigOf(url: string, { ca, clients }: ApiCertificates): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority-data': base64(ca) } },
    ],
    users: clients.map(({ owner, certificate, key }) => ({
      name: owner,
      user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
    })),
    contexts: clients.map(({ owner }) => ({
      name: owner,
      context: { cluster: 'test', user: owner, namespace: 'default' },
    })),
    'current-context': 'alice',
  });
}

export async function startTestServer(): Promise<TestServer> {
  const backend = new MemoryBackend();
  const certificates = await createApiCertificates({ clients: ['alice', 'bob'] });
  const server = await createApiServer({
    backend,
    kinds: loadKinds(crds),
    tls: certificates,
    host: '127.0.0.1',
    port: 0,
    version: '0.1.0',
    logger: { debug: () => undefined, error: (message, fields) => console.error(message, fields) },
  });
  const folder = mkdtempSync(join(tmpdir(), 'p2pcs-api-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(server.url, certificates), { mode: 0o600 });

  const send = (
    path: string,
    { method = 'GET', body, headers = {}, as = 'alice' }: AskOptions,
  ): ReturnType<typeof request> => {
    const client = certificates.clients.find(({ owner }) => owner === as);
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : Buffer.from(isRaw ? body : JSON.stringify(body));
    const sent = request(new URL(path, server.url), {
      method,
      ca: certificates.ca,
      // Else a foreign Host header would be refused by this client already.
      servername: 'localhost',
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
      headers: {
        ...(bytes === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': bytes.length }),
        ...headers,
      },
      agent: false,
    });
    sent.end(bytes);
    return sent;
  };

  return {
    server,
    backend,
    certificates,
    folder,
    kubeconfig,
    ask: (path, options = {}) =>
      new Promise((resolve, reject) => {
        send(path, options)
          .on('error', reject)
          .on('response', (incoming) => {
            incoming.setEncoding('utf8');
            incoming.toArray().then((parts: string[]) => {
              const text = parts.join('');
              const isJson = /json/.test(incoming.headers['content-type'] ?? '');
              resolve({
                code: incoming.statusCode ?? 0,
                headers: incoming.headers,
                text,
                body: isJson && text !== '' ? JSON.parse(text) : undefined,
              });
            }, reject);
          });
      }),
    async *watch(path, headers = {}) {
      const sent = send(path, { headers });
      const incoming = await new Promise<
        AsyncIterable<string> & { setEncoding(encoding: string): void }
      >((resolve, reject) => {
        sent.on('error', reject).on('response', resolve as never);
      });
      incoming.setEncoding('utf8');
      let rest = '';
      try {
        for await (const part of incoming) {
          const lines = (rest + part).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) yield JSON.parse(line) as Event;
        }
      } finally {
        sent.destroy();
      }
    },
  };
}

/** A small slice, with more where a test wants it. */
export const sliceOf = (
  name: string,
  spec: object = { size: 3 },
  metadata: object = {},
): object => ({
  apiVersion: 'p2pcs.io/v1alpha1',
  kind: 'Slice',
  metadata: { name, ...metadata },
  spec,
});
