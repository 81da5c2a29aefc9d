import type { AvailableDriver } from './world.ts';

export type DriverChoice =
  | { readonly type: 'chosen'; readonly driver: string }
  | {
      readonly type: 'none';
      readonly reason: 'DriverRefused' | 'DriverMissing';
      readonly message: string;
    };

/**
 * The driver that a template's instance runs under on this machine: the named one, else the strongest.
 * @param available strongest isolation first
 * @param allowed what the machine's policies admit for the slice's owner
 */
export function chooseDriver(
  named: string | undefined,
  available: readonly AvailableDriver[],
  allowed: readonly string[],
): DriverChoice {
  const candidates =
    named === undefined ? available : available.filter(({ name }) => name === named);
  const healthy = candidates.filter((driver) => driver.healthy);
  const chosen = healthy.find(({ name }) => allowed.includes(name));
  if (chosen !== undefined) return { type: 'chosen', driver: chosen.name };
  if (healthy.length > 0) {
    const names = healthy.map(({ name }) => name).join(', ');
    return {
      type: 'none',
      reason: 'DriverRefused',
      message: `no TrustPolicy of this machine lets the slice's owner use driver ${names}`,
    };
  }
  const why = candidates.flatMap(({ message }) => (message === undefined ? [] : [message]));
  const wanted = named === undefined ? 'a driver' : `driver ${named}`;
  return {
    type: 'none',
    reason: 'DriverMissing',
    message: [`this machine does not have ${wanted} that works`, ...why].join(': '),
  };
}
