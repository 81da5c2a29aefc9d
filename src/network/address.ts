import { isIP } from 'node:net';
import type { PeerId } from '../objects/ids.ts';

/** Longest multiaddress that is looked at: a DNS name of 253 bytes would exceed it, and nobody types one. */
const addressLengthMax = 160;

/** The addresses this house dials and announces: TCP over IPv4, IPv6 or a DNS name, with or without `/p2p/ID`. */
export interface Address {
  /** As a multiaddress, without the peer id. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
  readonly peer?: PeerId;
}

const pattern =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/([1-9A-HJ-NP-Za-km-z]{1,64}))?$/;
const hostName = /^(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/;

/** Reads a multiaddress; undefined when it is none that this house dials. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > addressLengthMax) return undefined;
  const [, kind, host = '', portText, peer] = pattern.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const port = Number(portText);
  if (port > 65_535) return undefined;
  const version = isIP(host);
  const fits =
    kind === 'ip4' ? version === 4 : kind === 'ip6' ? version === 6 : hostName.test(host);
  if (!fits) return undefined;
  return {
    text: `/${kind}/${host}/tcp/${port}`,
    host,
    port,
    ...(peer === undefined ? {} : { peer: peer as PeerId }),
  };
}

/** Whether the address means "this machine" on whichever machine reads it. */
export function isLoopback({ host }: Pick<Address, 'host'>): boolean {
  return host === '::1' || host === 'localhost' || host.startsWith('127.');
}

/** Whether the address means nothing without an interface's name beside it. */
function isLinkLocal(host: string): boolean {
  return /^fe[89ab]/i.test(host) || host.startsWith('169.254.');
}

/**
 * Those of our listening addresses that are worth telling others: no port 0, no wildcard, no link-local, and loopback
 * only when there is nothing else, since elsewhere it names the listener's own machine.
 */
export function announced(listening: readonly string[], max: number): readonly string[] {
  const usable = listening
    .map(parseAddress)
    .filter((address) => address !== undefined)
    .filter(({ host, port }) => port !== 0 && host !== '0.0.0.0' && host !== '::')
    .filter(({ host }) => !isLinkLocal(host));
  const outside = usable.filter((address) => !isLoopback(address));
  const chosen = outside.length > 0 ? outside : usable;
  return [...new Set(chosen.map(({ text }) => text))].slice(0, max);
}
