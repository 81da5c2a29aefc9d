import { StatusError } from '../../objects/status-error.ts';
import { nearestField } from '../openapi.ts';
import { placeOf } from './resolve.ts';
import type { Connection } from '../connection.ts';
import type { Resolved } from './resolve.ts';

interface Problem {
  readonly field?: string;
  readonly message: string;
}

function problemsOf(error: StatusError): readonly Problem[] {
  const unknown = [...error.message.matchAll(/unknown field "([^"]+)"/g)];
  if (unknown.length > 0) {
    return unknown.map(([message, field]) => ({ field: field!, message }));
  }
  const causes = error.details?.causes ?? [];
  if (causes.length === 0) return [{ message: error.message }];
  return causes.map(({ field, message }) => ({
    message,
    ...(field === undefined || field === '' ? {} : { field }),
  }));
}

/** A line for each thing that the peer refuses about an object: file, line, field, why, and what was meant. */
export async function explainRefusal(
  connection: Connection,
  item: Resolved,
  error: unknown,
): Promise<readonly string[]> {
  if (!(error instanceof StatusError)) throw error;
  return Promise.all(
    problemsOf(error).map(async ({ field, message }) => {
      const place = placeOf(item.manifest, field);
      if (field === undefined) return `${place}: ${message}`;
      if (!message.startsWith('unknown field')) return `${place}: ${field}: ${message}`;
      const meant = await nearestField(connection, item.resource, field).catch(() => undefined);
      return `${place}: ${message}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    }),
  );
}
