import { homedir } from 'node:os';
import { Command, CommanderError } from 'commander';

import { CliError, ExitCode } from './cli-error.ts';
import { chooseContext } from './choose-context.ts';
import { connect } from './connection.ts';
import { findKubeconfig } from './find-kubeconfig.ts';
import { likeKubectl, splitVerb } from './arguments.ts';
import { nearest } from '../lib/nearest.ts';
import { printError } from './print-error.ts';
import { processTerminal } from './terminal.ts';
import { topHelp } from './top-help.ts';
import { verbs } from './verbs.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import type { Connection } from './connection.ts';
import type { Terminal } from './terminal.ts';
import type { Verb } from './verbs.ts';

const completionMaxMs = 2_000;
const serverGroup = 'Which server, which namespace:';

function addGlobalOptions(command: Command): void {
  command
    .optionsGroup(serverGroup)
    .option('-n, --namespace <name>', 'the namespace to work in')
    .option('--peer <name>', 'ask this peer')
    .option('--context <name>', 'use this context of the kubeconfig')
    .option('--kubeconfig <file>', 'default: $KUBECONFIG, the nearest .p2pcs/kubeconfig, ~/.p2pcs');
}

/** One run of one verb: its connection, its clean-up, its end. */
class Run implements Cli {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv = process.env;
  readonly cwd: string = process.cwd();
  readonly signal: AbortSignal;
  readonly command: Command;
  readonly #tasks: (() => void | Promise<void>)[] = [];
  #connection: Promise<Connection> | undefined;

  constructor(command: Command, terminal: Terminal, signal: AbortSignal) {
    this.command = command;
    this.terminal = terminal;
    this.signal = signal;
  }

  get globals(): GlobalOptions {
    return this.command.opts();
  }

  connect(): Promise<Connection> {
    this.#connection ??= this.#open();
    return this.#connection;
  }

  cleanup(task: () => void | Promise<void>): void {
    this.#tasks.push(task);
  }

  warn(warnings: readonly string[]): void {
    for (const text of warnings) {
      this.terminal.err(`${this.terminal.paint('yellow', 'Warning:')} ${text}\n`);
    }
  }

  async end(): Promise<void> {
    for (const task of this.#tasks.toReversed()) await task();
    (await this.#connection?.catch(() => undefined))?.client.close();
  }

  async #open(): Promise<Connection> {
    const { kubeconfig, context, peer, namespace } = this.globals;
    const { env, cwd, signal } = this;
    const config = await findKubeconfig({ option: kubeconfig, env, cwd, home: homedir() });
    return connect(config, chooseContext(config, { context, peer }), { namespace, signal });
  }
}

function findVerb(name: string): Verb {
  const found = verbs.find((verb) => verb.name === name);
  if (found !== undefined) return found;
  const meant = nearest(
    name,
    verbs.map((verb) => verb.name),
  );
  throw new CliError(`there is no verb "${name}"`, ExitCode.wrongUse, [
    ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
    'all of them: p2pctl --help',
  ]);
}

async function prepare(
  verb: Verb,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ readonly command: Command; readonly run: Run }> {
  const command = new Command(`p2pctl ${verb.name}`)
    .description(`${verb.summary[0]!.toUpperCase()}${verb.summary.slice(1)}.`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns, 100),
    })
    .helpOption('-h, --help', 'show this help')
    .allowExcessArguments(false);
  const run = new Run(command, terminal, signal);
  (await verb.load()).define(command, run);
  if (verb.isLocal !== true) addGlobalOptions(command);
  return { command, run };
}

async function runVerb(
  verb: Verb,
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { command, run } = await prepare(verb, terminal, signal);
  try {
    await command.parseAsync([...likeKubectl(args, command)], { from: 'user' });
  } finally {
    await run.end();
  }
}

/** A shell waits for this while somebody types: it is quick or offers less, and says nothing of what went wrong. */
async function complete(
  typed: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { answerCompletion, printAnswer, noAnswer } =
    await import('./complete/answer-completion.ts');
  const patience = AbortSignal.any([signal, AbortSignal.timeout(completionMaxMs)]);
  const runs: Run[] = [];
  const answer = await answerCompletion(typed, async (verb, args) => {
    const { command, run } = await prepare(verb, terminal, patience);
    runs.push(run);
    try {
      command.parseOptions([...likeKubectl(args, command)]);
    } catch (error) {
      // The last option still waits for its value.
      if (!(error instanceof CommanderError)) throw error;
    }
    return { command, cli: run };
  }).catch(() => noAnswer);
  for (const run of runs) await run.end();
  terminal.out(printAnswer(answer));
}

async function dispatch(terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { verb, rest } = splitVerb(process.argv.slice(2));
  const [topic, ...others] = rest;
  if (verb === undefined || (verb === 'help' && topic === undefined)) {
    const asked =
      verb === 'help' || rest.length === 0 || rest.some((word) => /^(-h|--help)$/.test(word));
    if (rest.includes('--version') || rest.includes('-V')) {
      return runVerb(findVerb('version'), ['--client'], terminal, signal);
    }
    if (!asked) throw new CliError(`${rest.join(' ')}: no verb given`, ExitCode.wrongUse);
    terminal.out(topHelp(terminal));
    return;
  }
  if (verb === 'help') {
    return runVerb(findVerb(topic ?? ''), ['--help', ...others], terminal, signal);
  }
  if (verb === '__complete') return complete(process.argv.slice(3), terminal, signal);
  await runVerb(findVerb(verb), rest, terminal, signal);
}

/** Ctrl-C asks the verb to end; a second one does not ask. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  return controller.signal;
}

// `p2pctl … | head` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.done);
});

const terminal = processTerminal();
const signal = interruption();
try {
  await dispatch(terminal, signal);
  process.exitCode ??= ExitCode.done;
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = ExitCode.done;
  else if (signal.aborted) process.exitCode = ExitCode.interrupted;
  else process.exitCode = printError(error, terminal);
}
