import { CommanderError } from 'commander';

import { CliError, ExitCode } from './cli-error.ts';
import { PeerUnreachable } from '../client/http-client.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Terminal } from './terminal.ts';

interface Explanation {
  readonly message: string;
  readonly exitCode: ExitCode;
  readonly help: readonly string[];
}

function explainStatus(error: StatusError): Explanation {
  // The message of an Invalid carries the causes already, joined; a line each reads better.
  const causes = (error.details?.causes ?? []).map((cause) =>
    cause.field === undefined || cause.field === ''
      ? cause.message
      : `${cause.field}: ${cause.message}`,
  );
  const isList = causes.length > 1;
  const kind = error.details?.kind ?? 'object';
  const message =
    error.reason === 'Invalid' && isList
      ? `the ${kind} "${error.details?.name ?? ''}" is invalid:`
      : error.message;
  const help = isList ? causes.map((cause) => `- ${cause}`) : [];
  return { message, help, exitCode: error.code === 403 ? ExitCode.refused : ExitCode.failed };
}

function explain(error: unknown): Explanation {
  if (error instanceof CliError) return error;
  if (error instanceof StatusError) return explainStatus(error);
  if (error instanceof PeerUnreachable) {
    return {
      message: `lost the peer at ${error.server}: ${error.message}`,
      exitCode: ExitCode.unreachable,
      help: ['another peer serves the same objects: p2pctl --peer NAME …'],
    };
  }
  if (error instanceof CommanderError) {
    const [message = '', ...help] = error.message.replace(/^error: /, '').split('\n');
    return {
      message,
      exitCode: ExitCode.wrongUse,
      help: help.map((line) => line.replace(/^\(|\)$/g, '').replace(/^Did/, 'did')),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message, exitCode: ExitCode.failed, help: [] };
}

/** Prints an error for the user and answers with the exit code that it means. */
export function printError(error: unknown, terminal: Terminal): ExitCode {
  const { message, exitCode, help } = explain(error);
  const lines = [
    `${terminal.paint('red', 'p2pctl:')} ${message}`,
    ...help.map((line) => `  ${line}`),
  ];
  terminal.err(`${lines.join('\n')}\n`);
  if (process.env['P2PCTL_DEBUG'] === '1' && error instanceof Error)
    terminal.err(`${error.stack}\n`);
  return exitCode;
}
