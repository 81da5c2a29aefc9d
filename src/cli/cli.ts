import type { Connection } from './connection.ts';
import type { Terminal } from './terminal.ts';

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly peer?: string;
  readonly namespace?: string;
}

/** What a verb gets: a terminal, the peer to speak to, and the wish to stop. */
export interface Cli {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly globals: GlobalOptions;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** One connection a run, to the chosen context. */
  connect(): Promise<Connection>;
  /** Registers what must be undone when p2pctl ends, in any way. */
  cleanup(task: () => void | Promise<void>): void;
  /** Prints warnings that an answer carried. */
  warn(warnings: readonly string[]): void;
}
