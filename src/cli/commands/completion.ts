import { Argument } from 'commander';

import { completionScripts } from '../complete/scripts.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

export function define(command: Command, cli: Cli): void {
  command
    .addArgument(new Argument('<shell>', 'for which shell').choices(Object.keys(completionScripts)))
    .action((shell: keyof typeof completionScripts) => cli.terminal.out(completionScripts[shell]));
  command.addHelpText(
    'after',
    '\nCompletes verbs, options, kinds, and the names of what is there now, asked of the peer that the line names.',
  );
  withExamples(command, [
    ['source <(p2pctl completion bash)', 'in ~/.bashrc'],
    ['source <(p2pctl completion zsh)', 'in ~/.zshrc, after compinit'],
    ['p2pctl completion fish | source', 'in ~/.config/fish/config.fish'],
  ]);
}
