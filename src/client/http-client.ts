import { jsonText } from './json-text.ts';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';

import { StatusError } from '../objects/status-error.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { StatusDetails, StatusReason } from '../objects/status-error.ts';

/** Where an API is and as whom to speak to it. Certificates are PEM text. */
export interface Endpoint {
  /** `https://host:port`, perhaps with a path prefix. */
  readonly server: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface ApiRequest {
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Default `application/json`. */
  readonly accept?: string;
  readonly body?: Json;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Until the first byte of the answer. Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  readonly body: Json;
  /** Texts of `Warning:` headers. */
  readonly warnings: readonly string[];
}

/** No answer came: the peer is down, cut off, or not who it should be. */
export class PeerUnreachable extends Error {
  override readonly name = 'PeerUnreachable';
  readonly server: string;
  readonly code: string;

  constructor(server: string, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.server = server;
    this.code = code;
  }
}

/** Larger answers are refused: lists of 10,000 objects are far below. */
const answerBytesMax = 256 << 20;
const errorBytesMax = 1 << 20;
const defaultTimeoutMs = 30_000;
/** A peer that is still starting answers 503 or 429 with Retry-After; how often we come back. */
const retriesMax = 4;
const retryAfterMaxMs = 2_000;

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: 'no answer in time',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by the CA in the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by the CA in the kubeconfig',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by the CA in the kubeconfig',
  CERT_SIGNATURE_FAILURE: 'its certificate is not signed by the CA in the kubeconfig',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  EPROTO: 'it does not speak TLS as expected',
};

const textReasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** One `Warning: 299 - "text"` header may hold several; the quoted texts are what people read. */
function readWarnings(message: IncomingMessage): readonly string[] {
  const header = message.headers['warning'];
  if (header === undefined) return [];
  const found = [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)];
  return found.map((match) => match[1]!.replace(/\\(.)/g, '$1'));
}

function toError(status: number, text: string): StatusError {
  let document: JsonObject = {};
  try {
    document = JSON.parse(text) as JsonObject;
  } catch {
    // A text such as `404 page not found` is the message itself.
  }
  if (document['kind'] !== 'Status') {
    return new StatusError(textReasons[status] ?? 'InternalError', text.trim() || `HTTP ${status}`);
  }
  const reason = (document['reason'] ?? textReasons[status] ?? 'InternalError') as StatusReason;
  const message = jsonText(document['message'] ?? text);
  return new StatusError(reason, message, document['details'] as StatusDetails | undefined);
}

async function readAll(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer is larger than ${bytesMax >> 20} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const delay = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
  });

/** Speaks to one peer's API over HTTPS, one warm connection or a few. Refusals are `StatusError`s, silence `PeerUnreachable`. */
export class HttpClient {
  readonly endpoint: Endpoint;
  readonly #agent: Agent;
  readonly #url: URL;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.#url = new URL(endpoint.server);
    if (this.#url.protocol !== 'https:') {
      throw new Error(`${endpoint.server} is not https; credentials are never sent in the clear`);
    }
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16 });
  }

  /** The parsed answer. Retries while the peer says 503 or 429 with `Retry-After`. */
  async request(options: ApiRequest): Promise<ApiAnswer> {
    for (let attempt = 0; ; attempt++) {
      const message = await this.#send(options);
      const status = message.statusCode ?? 0;
      const retryAfter = Number(message.headers['retry-after'] ?? Number.NaN);
      const again = (status === 503 || status === 429) && retryAfter >= 0 && attempt < retriesMax;
      const text = await this.#read(message, status < 400 ? answerBytesMax : errorBytesMax);
      if (again && options.signal?.aborted !== true) {
        await delay(Math.min(retryAfter * 1000, retryAfterMaxMs), options.signal);
        continue;
      }
      if (status >= 400) throw toError(status, text);
      const json = String(message.headers['content-type'] ?? '').includes('json');
      return { body: json ? (JSON.parse(text) as Json) : text, warnings: readWarnings(message) };
    }
  }

  /** The body of the answer. */
  async json(path: string, query: ApiRequest['query'] = {}): Promise<JsonObject> {
    return (await this.request({ path, query })).body as JsonObject;
  }

  /** An endless answer (watch, log) in the chunks that arrive; ends when either side does. */
  async *stream(options: ApiRequest): AsyncGenerator<Uint8Array, void, void> {
    const message = await this.#send(options);
    const status = message.statusCode ?? 0;
    if (status >= 400) throw toError(status, await this.#read(message, errorBytesMax));
    try {
      for await (const chunk of message as AsyncIterable<Buffer>) yield chunk;
    } catch (error) {
      if (options.signal?.aborted === true) return;
      throw this.#unreachable(error);
    } finally {
      message.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #read(message: IncomingMessage, bytesMax: number): Promise<string> {
    try {
      return await readAll(message as AsyncIterable<Buffer>, bytesMax);
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #send(options: ApiRequest): Promise<IncomingMessage> {
    const { endpoint } = this;
    const url = new URL(this.#url.pathname.replace(/\/$/, '') + options.path, this.#url);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers: Record<string, string | number> = {
      accept: options.accept ?? 'application/json',
      'user-agent': 'p2pctl',
    };
    if (endpoint.token !== undefined) headers['authorization'] = `Bearer ${endpoint.token}`;
    if (body !== undefined) {
      headers['content-type'] = options.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, {
        agent: this.#agent,
        method: options.method ?? 'GET',
        headers,
        ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
        ...(endpoint.certificate === undefined ? {} : { cert: endpoint.certificate }),
        ...(endpoint.key === undefined ? {} : { key: endpoint.key }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      const timer = setTimeout(() => {
        request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
      }, timeoutMs);
      request.on('response', (message) => {
        clearTimeout(timer);
        resolve(message);
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(this.#unreachable(error));
      });
      request.end(body);
    });
  }

  #unreachable(error: unknown): Error {
    const { name, code = '', message } = error as NodeJS.ErrnoException;
    if (name === 'AbortError' || error instanceof StatusError) return error as Error;
    const why = reasons[code] ?? message;
    return new PeerUnreachable(this.endpoint.server, code, why, { cause: error });
  }
}
