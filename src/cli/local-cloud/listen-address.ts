import { isIPv4, isIPv6 } from 'node:net';

import { wrongUse } from '../cli-error.ts';

const portDefault = 7420;

/** A multiaddress of `HOST`, `HOST:PORT`, `[IPv6]:PORT`, or of itself. */
export function parseListen(text: string): string {
  if (/^\/(ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\/\d+$/.test(text)) return text;
  const found = /^(?:\[([^\]]+)\]|([^:]+)|(.*))(?::(\d{1,5}))?$/.exec(text);
  const host = isIPv6(text) ? text : (found?.[1] ?? found?.[2] ?? '');
  const port = isIPv6(text) ? portDefault : Number(found?.[4] ?? portDefault);
  if (port > 65_535 || port < 1) throw wrongUse(`${text}: ports go from 1 to 65535`);
  if (isIPv4(host)) return `/ip4/${host}/tcp/${port}`;
  if (isIPv6(host)) return `/ip6/${host}/tcp/${port}`;
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) return `/dns/${host}/tcp/${port}`;
  throw wrongUse(`${text}: not an address; for example 10.0.0.8:4001 or /ip4/10.0.0.8/tcp/4001`);
}
