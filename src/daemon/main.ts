import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { homedir } from 'node:os';
import pkg from '../../package.json' with { type: 'json' };
import { Daemon } from './daemon.ts';
import { homeAt, openHome, removePid, writePid } from './home.ts';
import { createLogger, type LogLevel } from './logger.ts';

const usage = `p2pcsd: one peer of a P2PCS cloud

usage: p2pcsd [--home DIR] [--bundle FILE] [--log-level debug|info|warn|error]

  --home DIR     where it keeps everything; default ~/.p2pcs
  --bundle FILE  what \`p2pctl add-peer NAME\` wrote; needed once, then kept in the home
  --log-level    default info; also P2PCS_LOG_LEVEL
  --version      print the version

examples:
  p2pcsd --bundle desk7.json
  p2pcsd --home /var/lib/p2pcs
`;

/** Longer than this and a stop is forced. */
const stopMaxMs = 8_000;

async function main(): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        home: { type: 'string' },
        bundle: { type: 'string' },
        'log-level': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }));
  } catch (error) {
    process.stderr.write(`p2pcsd: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.version === true) {
    process.stdout.write(`${pkg.version}\n`);
    return 0;
  }
  const level = values['log-level'] ?? process.env['P2PCS_LOG_LEVEL'] ?? 'info';
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    process.stderr.write(`p2pcsd: no log level ${level}; there are debug, info, warn and error\n`);
    return 2;
  }
  const logger = createLogger(level as LogLevel, (line) => process.stdout.write(line));
  const home = homeAt(resolve(values.home ?? `${homedir()}/.p2pcs`));
  let daemon: Daemon;
  try {
    const bundle = openHome(home, values.bundle);
    writePid(home);
    daemon = new Daemon({ home, bundle, logger }, pkg.version);
  } catch (error) {
    logger.error('cannot start', { error });
    process.stderr.write(`p2pcsd: cannot start: ${(error as Error).message}\n`);
    return 1;
  }
  const stopped = Promise.withResolvers<number>();
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info('stopping', { signal });
    setTimeout(() => {
      logger.error('the stop took too long and was forced');
      process.exit(1);
    }, stopMaxMs).unref();
    daemon.stop().then(
      () => {
        logger.info('stopped');
        stopped.resolve(0);
      },
      (error: unknown) => {
        logger.error('the stop failed', { error });
        stopped.resolve(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('unhandledRejection', (error) =>
    logger.error('unhandled rejection', { error: (error as Error).stack ?? String(error) }),
  );
  try {
    await daemon.start();
  } catch (error) {
    logger.error('cannot start', { error });
    process.stderr.write(`p2pcsd: cannot start: ${(error as Error).message}\n`);
    removePid(home);
    return 1;
  }
  const code = await stopped.promise;
  removePid(home);
  return code;
}

process.exit(await main());
