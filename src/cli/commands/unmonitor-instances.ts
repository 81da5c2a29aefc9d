import { homedir } from 'node:os';

import { endMonitors } from '../monitors.ts';
import { findKubeconfig } from '../find-kubeconfig.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

async function unmonitor(cli: Cli): Promise<void> {
  const { env, cwd, globals } = cli;
  const { path } = await findKubeconfig({ option: globals.kubeconfig, env, cwd, home: homedir() });
  const ended = endMonitors(path);
  const what = ended === 1 ? 'monitor' : 'monitors';
  cli.terminal.out(ended === 0 ? 'no monitor was running\n' : `${ended} ${what} ended\n`);
}

export function define(command: Command, cli: Cli): void {
  command.action(() => unmonitor(cli));
  withExamples(command, [
    ['p2pctl unmonitor-instances', 'ends the monitors that you started with this kubeconfig'],
  ]);
}
