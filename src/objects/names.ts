const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualified = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** DNS-1123 label: what names namespaces, peers, owners and slices. */
export const isDnsLabel = (text: string): boolean => text.length <= 63 && label.test(text);

/** DNS-1123 subdomain: what names objects. */
export const isDnsSubdomain = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((part) => label.test(part));

/** A label's or annotation's key: `name` or `prefix.example/name`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  if (slash >= 0 && !isDnsSubdomain(text.slice(0, slash))) return false;
  return name.length <= 63 && qualified.test(name);
}

/** A label's value; the empty one counts. */
export const isLabelValue = (text: string): boolean =>
  text === '' || (text.length <= 63 && qualified.test(text));
