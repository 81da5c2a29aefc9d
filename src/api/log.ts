import { once } from 'node:events';

import type { ApiRequest } from './api-request.ts';
import type { Backend } from './backend.ts';
import { parseCount, parseFlag } from './resource-version.ts';
import type { Place } from './resources.ts';

/** How long a followed log may say nothing before its headers are sent. */
const silenceMs = 500;

/** Streams the log of what runs, from wherever it runs, until its end or until the client leaves. */
export async function answerLog(
  { query, identity, response, signal }: ApiRequest,
  backend: Backend,
  { namespace, name }: Place,
): Promise<void> {
  const follow = parseFlag(query, 'follow');
  const tailLines = parseCount(query, 'tailLines');
  const begin = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-cache',
    });
    response.flushHeaders();
  };
  // A refusal is told as a Status, so the first bytes are waited for; but a silent log is followed soon.
  const silence = follow ? setTimeout(begin, silenceMs) : undefined;
  try {
    const options = { follow, signal, ...(tailLines === undefined ? {} : { tailLines }) };
    for await (const chunk of backend.logs(identity, namespace, name, options)) {
      begin();
      if (!response.write(chunk) && !signal.aborted) await once(response, 'drain', { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(silence);
  }
  begin();
  response.end();
}
