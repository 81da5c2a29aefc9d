import { findCloudFolder } from '../local-cloud/cloud-folder.ts';
import { howToReach } from './up.ts';
import { readDuration } from '../duration-option.ts';
import { startPeers } from '../local-cloud/start-peers.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

interface StartOptions {
  readonly home?: string;
  readonly listen?: string;
  readonly timeout: number;
}

async function startNode(cli: Cli, name: string, options: StartOptions): Promise<void> {
  const folder = findCloudFolder(options.home, cli.cwd);
  const wish = { name, ...(options.listen === undefined ? {} : { listenHost: options.listen }) };
  await startPeers(cli, folder, [wish], { owners: [], timeoutMs: options.timeout });
  cli.terminal.out(`${name} is up\n${howToReach(folder, cli.cwd)}\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the peer; made if it is new, and its cloud with it')
    .option('--home <dir>', 'where the cloud lives (default: the nearest .p2pcs)')
    .option(
      '--listen <host>',
      'address on which a new peer listens for others (default: 127.0.0.1)',
    )
    .option('--timeout <duration>', 'give up after this long', readDuration, 60_000)
    .action((name: string, options: StartOptions) => startNode(cli, name, options));
  withExamples(command, [
    ['p2pctl start-node node2', 'starts node2 of the local cloud, again if it was killed'],
    ['p2pctl start-node big-desk', 'one more peer, by a name of its own'],
  ]);
}
