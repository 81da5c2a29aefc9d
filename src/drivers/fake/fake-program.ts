import type { DriverInstance, InstanceRequest } from '../driver.ts';

/** What a pretended process does. Everything left out: it runs until it is stopped, and stops at once. */
export interface FakeProgram {
  /** Ends by itself this long after its start. */
  readonly exitAfterMs?: number;
  /** How it ends by itself. Default: code 0. */
  readonly exit?: NonNullable<DriverInstance['exit']>;
  /** Only force ends it. */
  readonly ignoresTerm?: boolean;
  /** How long it takes to end after the polite signal. */
  readonly termDelayMs?: number;
  /** Lines that it prints at its start. */
  readonly output?: readonly string[];
  /** `exec` answers 1 until this long after the start. */
  readonly readyAfterMs?: number;
  /** The start fails with this reason. */
  readonly startError?: string;
}

/** Which program a request runs; `attempt` counts its starts from 1, so that a script may fail once and then work. */
export type FakeScript = (request: InstanceRequest, attempt: number) => FakeProgram;

/**
 * A few commands by their usual meaning, the rest runs for ever: `true`, `false`, `exit N`, `sleep SECONDS`,
 * `echo WORD…` (then runs on), `ignore-term`, `missing`.
 */
export const commonCommands: FakeScript = (request) => {
  const [program, ...rest] = [...request.template.command, ...(request.template.args ?? [])];
  switch (program) {
    case 'true':
      return { exitAfterMs: 0, exit: { code: 0 } };
    case 'false':
      return { exitAfterMs: 0, exit: { code: 1 } };
    case 'exit':
      return { exitAfterMs: 0, exit: { code: Number(rest[0] ?? 0) } };
    case 'sleep':
      return rest[0] === 'infinity' ? {} : { exitAfterMs: 1000 * Number(rest[0]) };
    case 'echo':
      return { output: [rest.join(' ')] };
    case 'ignore-term':
      return { ignoresTerm: true };
    case 'missing':
      return { startError: `this peer has no program "${program}"` };
    default:
      return {};
  }
};
