import type { ComponentLogger, Logger } from '@libp2p/interface';

function silent(): Logger {
  const log = (): void => {};
  return Object.assign(log, {
    error: log,
    trace: log,
    enabled: false,
    newScope: () => logger,
  });
}

const logger: Logger = silent();

/** libp2p's own log costs 5 to 10 % of its time even when nobody reads it; the daemon's log says what matters. */
export const silentLogger: ComponentLogger = { forComponent: () => logger };
