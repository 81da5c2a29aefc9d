export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line an entry: time, level, part, message, then key=value. Made to be read, and grepped, at 3 a.m. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The same log with another part's name. */
  part(name: string): Logger;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes entries of at least `level` with `write`, a line each. */
export function createLogger(
  level: LogLevel,
  write: (line: string) => void,
  part = 'p2pcsd',
): Logger {
  const at =
    (entry: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (order[entry] < order[level]) return;
      const pairs = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => ` ${key}=${show(value)}`)
        .join('');
      write(
        `${new Date().toISOString()} ${entry.toUpperCase().padEnd(5)} ${part.padEnd(9)} ${oneLine(message)}${pairs}\n`,
      );
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    part: (name) => createLogger(level, write, name),
  };
}

function show(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** A peer's words must not forge a line of ours. */
function oneLine(message: string): string {
  // oxlint-disable-next-line no-control-regex
  return message.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
