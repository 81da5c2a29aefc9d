import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { OwnerName } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { isDnsLabel } from '../objects/names.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Identity } from '../trust/certificates.ts';
import { answer, answerError, answerText, bodyOf } from './api-request.ts';
import type { ApiRequest, Route } from './api-request.ts';
import type { Backend } from './backend.ts';
import { builtinKinds } from './builtin-kinds.ts';
import { ownerOrganization } from './owner-organization.ts';
import { Discovery } from './discovery.ts';
import { badRequest } from './errors.ts';
import type { KindInfo } from './kind-info.ts';
import { KindRegistry } from './kind-registry.ts';
import { OpenApi } from './openapi.ts';
import { ResourceRoutes } from './resource-routes.ts';
import { Resources } from './resources.ts';
import { createReviews } from './reviews.ts';
import type { Review } from './reviews.ts';
import { isJsonObject } from './schema.ts';
import { Watches } from './watch.ts';

/** The part of the daemon's log that the API writes to. */
export interface ApiLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface ApiServerOptions {
  readonly backend: Backend;
  /** Kinds of CRDs (`loadKinds`); those of Kubernetes itself are added. */
  readonly kinds: readonly KindInfo[];
  /** PEM. `ca` signed the server's certificate and the clients'. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string };
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Of P2PCS, semver. */
  readonly version: string;
  readonly logger: ApiLogger;
  /** Paths of other parts, asked first. */
  readonly routes?: readonly Route[];
}

export interface ApiServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** To add kinds while it runs. */
  readonly kinds: KindRegistry;
  /** Writes of the daemon itself (manifests folder) take the same way as those of clients. */
  readonly resources: Resources;
  /** Ends watches and logs, lets short requests finish and closes every socket. */
  close(): Promise<void>;
}

/** Kubernetes' minor that this API is tested against; kubectl warns when its own is more than one away. */
const kubernetesVersion = { major: '1', minor: '32', patch: '4' };
const requestsMax = 400;
const socketsMax = 2000;
const headerBytesMax = 32 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** How late a client that dawdles may be noticed. */
const checkEveryMs = 5000;
/** Above the 90 s for which Go keeps idle connections, or it would write into closing ones. */
const keepAliveTimeoutMs = 125_000;
const closeGraceMs = 2000;
const queryName = /^\/p2pcs\/v1\/([a-z][a-z0-9-]{0,62})$/;

const forbidden = (why: string): StatusError => new StatusError('Forbidden', why);

/** DNS rebinding makes a browser send its own Host, and pages send Origin; no client of ours does either. */
function refuseBrowsers({ headers }: IncomingMessage, hosts: ReadonlySet<string>): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (!hosts.has(host)) {
    throw forbidden(`the API is asked as ${[...hosts].join(', ')}, not as "${host}"`);
  }
  if (headers.origin !== undefined)
    throw forbidden('the API is not for web pages: Origin is refused');
  const impersonates = Object.keys(headers).some((name) => name.startsWith('impersonate-'));
  if (impersonates)
    throw forbidden('impersonation (kubectl --as) is not offered: use the context of that owner');
}

/** Who the TLS client certificate says the client is: CN is the owner, O says that it is one. */
function identityOf({ socket }: IncomingMessage): Identity {
  const { authorized, authorizationError } = socket as TLSSocket;
  const subject = authorized ? (socket as TLSSocket).getPeerCertificate().subject : undefined;
  const owner = subject?.CN;
  if (
    typeof owner === 'string' &&
    isDnsLabel(owner) &&
    [subject?.O].flat().includes(ownerOrganization)
  ) {
    return { owner: owner as OwnerName };
  }
  const why = authorized
    ? 'its subject is not CN=OWNER, O=p2pcs:owner'
    : String(authorizationError ?? 'none was sent');
  throw new StatusError(
    'Unauthorized',
    `a client certificate of this peer's API is needed (${why}); use the kubeconfig that \`p2pctl up\` wrote`,
  );
}

/** The HTTP of one peer's API: who asks, then which part answers. */
class ApiHandler {
  readonly #options: ApiServerOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #reviews: readonly Review[];
  readonly #discovery: Discovery;
  readonly #openApi: OpenApi;
  readonly #objects: ResourceRoutes;
  #open = 0;

  constructor(options: ApiServerOptions, kinds: KindRegistry, resources: Resources) {
    const { backend, host, version } = options;
    this.#options = options;
    this.#hosts = new Set([
      '127.0.0.1',
      '[::1]',
      'localhost',
      host.includes(':') ? `[${host}]` : host,
    ]);
    this.#reviews = createReviews(backend, kinds);
    this.#discovery = new Discovery(kinds, this.#reviews);
    this.#openApi = new OpenApi(kinds, version);
    const watches = new Watches(backend.catalog);
    this.#objects = new ResourceRoutes({ backend, kinds, resources, watches });
  }

  async handle(
    incoming: IncomingMessage,
    response: ServerResponse,
    stop: AbortSignal,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    // A watch is answered at once and then costs a socket, which has a bound of its own.
    this.#open += 1;
    try {
      refuseBrowsers(incoming, this.#hosts);
      const url = new URL(incoming.url ?? '/', 'https://localhost');
      const identity = identityOf(incoming);
      if (this.#open > requestsMax) {
        throw new StatusError('TooManyRequests', 'too many requests at once; try again', {
          retryAfterSeconds: 1,
        });
      }
      await this.#route({
        method: incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? 'GET'),
        path: url.pathname,
        query: url.searchParams,
        identity,
        incoming,
        response,
        signal: AbortSignal.any([gone.signal, stop]),
      });
    } catch (error) {
      if (gone.signal.aborted) return;
      if (error instanceof StatusError) return answerError(response, error);
      this.#options.logger.error('request failed', {
        method: incoming.method,
        path: incoming.url,
        error: (error as Error).stack ?? error,
      });
      answerError(
        response,
        new StatusError('InternalError', `Internal error occurred: ${(error as Error).message}`),
      );
    } finally {
      this.#open -= 1;
    }
  }

  async #route(request: ApiRequest): Promise<void> {
    const { path, method } = request;
    for (const route of this.#options.routes ?? []) {
      if (path.startsWith(route.prefix)) return route.handle(request);
    }
    if (method === 'GET') {
      if (path === '/version' || path === '/version/') return answer(request, 200, this.#version());
      if (/^\/(healthz|livez|readyz)(\/ping)?$/.test(path))
        return answerText(request.response, 200, 'ok');
      if (/^\/apis?(\/|$)/.test(path) && this.#discovery.serve(request)) return;
      if (path.startsWith('/openapi/') && this.#openApi.serve(request)) return;
    }
    const query = queryName.exec(path)?.[1];
    if (query !== undefined) return this.#query(request, query);
    const review = method === 'POST' ? this.#reviewAt(path) : undefined;
    if (review !== undefined) return this.#answerReview(request, review);
    if (/^\/(api|apis\/[^/]+)\/[^/]+\/./.test(path)) return this.#objects.serve(request);
    return answerText(request.response, 404, '404 page not found\n');
  }

  #version(): JsonObject {
    const { major, minor, patch } = kubernetesVersion;
    return {
      major,
      minor,
      gitVersion: `v${major}.${minor}.${patch}+p2pcs.${this.#options.version}`,
      platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
    };
  }

  /** What is P2PCS's own: parameters in the URL, or in the body of a POST. */
  async #query(request: ApiRequest, name: string): Promise<void> {
    const parameters: Record<string, string> = Object.fromEntries(request.query);
    if (request.method === 'POST') {
      const body = (await bodyOf(request)) ?? {};
      if (!isJsonObject(body)) throw badRequest('the body is an object of texts');
      for (const [key, value] of Object.entries(body)) {
        if (typeof value !== 'string') throw badRequest(`${key}: it is a text`);
        parameters[key] = value;
      }
    } else if (request.method !== 'GET') {
      throw new StatusError('MethodNotAllowed', `${name} takes GET and POST`);
    }
    const result: Json = await this.#options.backend.query(request.identity, name, parameters);
    answer(request, 200, result as JsonObject);
  }

  #reviewAt(path: string): Review | undefined {
    return this.#reviews.find(
      ({ group, version, plural }) => path === `/apis/${group}/${version}/${plural}`,
    );
  }

  async #answerReview(request: ApiRequest, review: Review): Promise<void> {
    const body = await bodyOf(request);
    if (!isJsonObject(body)) throw badRequest(`a ${review.kind} is expected`);
    const apiVersion = `${review.group}/${review.version}`;
    answer(
      request,
      201,
      await review.review(request.identity, { ...body, apiVersion, kind: review.kind }),
    );
  }
}

/** Starts one peer's API. Rejects when the port is taken. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { tls, host, logger } = options;
  const kinds = new KindRegistry([...options.kinds, ...builtinKinds]);
  const resources = new Resources(options.backend);
  const handler = new ApiHandler(options, kinds, resources);
  const stop = new AbortController();
  const server = createServer({
    ca: tls.ca,
    cert: tls.certificate,
    key: tls.key,
    minVersion: 'TLSv1.2',
    requestCert: true,
    // Clients without a certificate get a 401 that says what to do, and nothing else.
    rejectUnauthorized: false,
    handshakeTimeout: headersTimeoutMs,
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    noDelay: true,
  });
  server.maxConnections = socketsMax;
  server.on(
    'request',
    (incoming, response) => void handler.handle(incoming, response, stop.signal),
  );
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('tlsClientError', (error) => logger.debug('TLS handshake failed', { error }));
  server.listen(options.port, host);
  await once(server, 'listening');

  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    kinds,
    resources,
    async close() {
      stop.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
