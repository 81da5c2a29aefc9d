const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A DNS-1123 label: what names peers, owners and namespaces. */
export function isLabel(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 63 && label.test(name);
}
