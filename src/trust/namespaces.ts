import { isLabel } from './names.ts';
import type { Delegation, OwnerCertificate } from './certificates.ts';

/** Most patterns that a certificate or delegation may carry. */
export const maxNamespacePatterns = 64;

/** `name`, or `name-*` for every namespace that starts with `name-`. */
export function isNamespacePattern(pattern: string): boolean {
  return isLabel(pattern.endsWith('-*') ? pattern.slice(0, -2) : pattern);
}

/** Whether a namespace belongs to the owner. Objects without one (cluster-scoped) may be written by any owner. */
export function ownsNamespace(
  certificate: Pick<OwnerCertificate, 'namespaces'>,
  namespace: string,
): boolean {
  return namespace === '' || certificate.namespaces.some((pattern) => matches(pattern, namespace));
}

/** Whether a delegation reaches a namespace; only `*` reaches objects without one. */
export function delegatesNamespace(
  delegation: Pick<Delegation, 'namespaces'>,
  namespace: string,
): boolean {
  return delegation.namespaces.some(
    (pattern) => pattern === '*' || (namespace !== '' && matches(pattern, namespace)),
  );
}

function matches(pattern: string, namespace: string): boolean {
  return pattern.endsWith('-*')
    ? namespace.startsWith(pattern.slice(0, -1))
    : namespace === pattern;
}
