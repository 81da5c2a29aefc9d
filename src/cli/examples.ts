import type { Command } from 'commander';

/** Adds examples to a verb's help: a command line and what it does. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [string, string])[],
): void {
  const lines = examples.map(([line, meaning]) => `  # ${meaning}\n  ${line}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n\n')}`);
}
