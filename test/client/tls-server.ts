import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { createApiCertificates } from '../../src/api/certificates.ts';
import type { ApiCertificates } from '../../src/api/certificates.ts';
import type { Endpoint } from '../../src/client/http-client.ts';

export interface TlsServer {
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly certificates: ApiCertificates;
  /** `METHOD path as OWNER` of every request. */
  readonly seen: string[];
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A bare HTTPS server on loopback with certificates of its own: for answers that a P2PCS daemon never gives. */
export async function startTlsServer(handler: Handler): Promise<TlsServer> {
  const certificates = await createApiCertificates({ clients: ['alice'] });
  const seen: string[] = [];
  const server = createServer(
    {
      ...certificates,
      cert: certificates.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const subject = (request.socket as TLSSocket).getPeerCertificate().subject as
        | { readonly CN: string }
        | undefined;
      seen.push(`${request.method} ${request.url} as ${subject?.CN ?? 'nobody'}`);
      handler(request, response);
    },
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [client] = certificates.clients;
  return {
    url,
    certificates,
    seen,
    endpoint: {
      server: url,
      ca: certificates.ca,
      certificate: client!.certificate,
      key: client!.key,
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

export function answer(
  response: ServerResponse,
  code: number,
  body: object,
  headers: object = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A kubeconfig, as JSON, whose contexts lead to these servers. */
export const kubeconfigOf = (
  contexts: Readonly<Record<string, Endpoint>>,
  current?: string,
): string => {
  const base64 = (text = ''): string => Buffer.from(text).toString('base64');
  const entries = Object.entries(contexts);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    ...(current === undefined ? {} : { 'current-context': current }),
    clusters: entries.map(([name, { server, ca }]) => ({
      name,
      cluster: { server, 'certificate-authority-data': base64(ca) },
    })),
    users: entries.map(([name, { certificate, key }]) => ({
      name,
      user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
    })),
    contexts: entries.map(([name]) => ({ name, context: { cluster: name, user: name } })),
  });
};
