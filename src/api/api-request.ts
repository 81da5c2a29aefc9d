import type { IncomingMessage, ServerResponse } from 'node:http';

import { stringify } from 'yaml';

import type { JsonObject } from '../objects/json.ts';
import type { StatusError } from '../objects/status-error.ts';
import type { Identity } from '../trust/certificates.ts';
import { negotiate } from './accept.ts';
import { mediaTypeOf, parseBody, readBody } from './body.ts';

/** One request of a client whose certificate was checked. */
export interface ApiRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal;
}

/** What a route of another part adds to the server; `prefix` ends in a slash. */
export interface Route {
  readonly prefix: string;
  handle(request: ApiRequest): Promise<void> | void;
}

/** Reads and parses the body; undefined when it is empty. */
export async function bodyOf(request: ApiRequest): Promise<ReturnType<typeof parseBody>> {
  return parseBody(await readBody(request.incoming), mediaTypeOf(request.incoming));
}

/** RFC 9110 quoted text in one line of ASCII: header values carry nothing else. */
const quote = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]+/g, ' ').replaceAll(/["\\]/g, String.raw`\$&`);

const warningsMax = 16;
const warningLengthMax = 800;

/** `Warning:` headers, which kubectl and p2pctl print. */
export function setWarnings({ response }: ApiRequest, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  response.setHeader(
    'Warning',
    warnings
      .slice(0, warningsMax)
      .map((warning) => `299 - "${quote(warning.slice(0, warningLengthMax))}"`),
  );
}

/** Answers with a document, as JSON or, where the client prefers it, YAML. */
export function answer(
  { response }: ApiRequest,
  code: number,
  body: JsonObject | readonly JsonObject[],
  format: 'json' | 'yaml' = 'json',
): void {
  const text =
    format === 'yaml' ? stringify(body, { version: '1.1' }) : `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'Content-Type': `application/${format}`,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-cache, private',
  });
  response.end(text);
}

export function answerText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}

/** Answers with the Status of an error; once headers are out, all that is left is to hang up. */
export function answerError(response: ServerResponse, error: StatusError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = `${JSON.stringify(error.toStatus())}\n`;
  const retryAfter = error.details?.retryAfterSeconds;
  response.writeHead(error.code, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-cache, private',
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    // What was not read of a refused body is not worth reading.
    ...(error.code === 413 ? { Connection: 'close' } : {}),
  });
  response.end(text);
}

export const formatOf = (request: ApiRequest): ReturnType<typeof negotiate> =>
  negotiate(request.incoming.headers.accept);
