/** What p2pctl's exit code says; scripts rely on it (docs/cli.md). */
export const ExitCode = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  timedOut: 3,
  refused: 4,
  unreachable: 5,
  /** As a shell reports a command that Ctrl-C ended. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error for the user. `message`: what was attempted, on what, why it failed. `help`: what would help, a line each. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly help: readonly string[];

  constructor(message: string, exitCode: ExitCode = ExitCode.failed, help: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.help = help;
  }
}

export const wrongUse = (message: string, ...help: readonly string[]): CliError =>
  new CliError(message, ExitCode.wrongUse, help);
