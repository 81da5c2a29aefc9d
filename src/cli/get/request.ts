import { resourcePath } from '../../client/discovery.ts';
import type { Connection } from '../connection.ts';
import type { Target } from '../targets.ts';

export interface GetOptions {
  readonly output?: string;
  readonly watch?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly allNamespaces?: boolean;
  readonly sortBy?: string;
  readonly ignoreNotFound?: boolean;
  readonly showLabels?: boolean;
  /** False with `--no-headers`. */
  readonly headers: boolean;
}

/** An object's list path and query, or its own path. */
export interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

export function askFor(connection: Connection, target: Target, options: GetOptions): Asked {
  const namespace = options.allNamespaces === true ? undefined : connection.namespace;
  return {
    path: resourcePath(target.resource, namespace, target.name),
    query: { labelSelector: options.selector, fieldSelector: options.fieldSelector },
  };
}

/** Whether the answer to a missing object is silence. */
export const isForgiven = (error: unknown, options: GetOptions): boolean =>
  options.ignoreNotFound === true && (error as { reason?: string }).reason === 'NotFound';
