import type { FieldIssue } from '../objects/field-issue.ts';
import { StatusError } from '../objects/status-error.ts';
import { apiVersionOf, resourceName } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';

type Named = Pick<KindInfo, 'group' | 'version' | 'kind' | 'plural'>;

const details = (kind: Named, name: string): { name: string; group: string; kind: string } => ({
  name,
  group: kind.group,
  kind: kind.plural,
});

export const notFound = (kind: Named, name: string): StatusError =>
  new StatusError('NotFound', `${resourceName(kind)} "${name}" not found`, details(kind, name));

export const alreadyExists = (kind: Named, name: string, isDeleting: boolean): StatusError => {
  const why = isDeleting ? 'object is being deleted: ' : '';
  return new StatusError(
    'AlreadyExists',
    `${why}${resourceName(kind)} "${name}" already exists`,
    details(kind, name),
  );
};

export const conflict = (kind: Named, name: string, why: string): StatusError =>
  new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`,
    details(kind, name),
  );

export const modified = (kind: Named, name: string): StatusError =>
  conflict(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

/** 422 with a cause for every field that is wrong. */
export function invalid(kind: Named, name: string, issues: readonly FieldIssue[]): StatusError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const lines = issues.map(({ field, message }) =>
    field === '' ? message : `${field}: ${message}`,
  );
  const text = lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
  return new StatusError('Invalid', `${qualified} "${name}" is invalid: ${text}`, {
    name,
    group: kind.group,
    kind: kind.kind,
    causes: issues.map(({ field, message, reason }) => ({ reason, message, field })),
  });
}

/** 400 for what strict decoding refuses. */
export const undecodable = (kind: Named, problems: readonly string[]): StatusError =>
  new StatusError(
    'BadRequest',
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${problems.join(', ')}`,
  );

export const notAllowed = (kind: KindInfo): StatusError =>
  new StatusError(
    'MethodNotAllowed',
    kind.readOnlyHint === ''
      ? `the server does not allow this method on ${resourceName(kind)}`
      : kind.readOnlyHint,
    { group: kind.group, kind: kind.plural },
  );

export const badRequest = (message: string): StatusError => new StatusError('BadRequest', message);

/** 400 for an object of another kind than the URL's. */
export const wrongKind = (kind: KindInfo, found: string): StatusError =>
  badRequest(
    `the object provided is ${found}, but this path takes ${kind.kind} of ${apiVersionOf(kind)}`,
  );
