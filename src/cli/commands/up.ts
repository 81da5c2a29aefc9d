import { relative } from 'node:path';

import { findCloudFolder } from '../local-cloud/cloud-folder.ts';
import { parseCount } from '../slices.ts';
import { readCloudFile } from '../local-cloud/cloud-file.ts';
import { readDuration } from '../duration-option.ts';
import { startPeers } from '../local-cloud/start-peers.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { CloudFolder } from '../local-cloud/cloud-folder.ts';
import type { Command } from 'commander';

interface UpOptions {
  readonly peers?: string;
  readonly home?: string;
  readonly owners?: string;
  readonly drivers?: string;
  readonly listen?: string;
  readonly mdns?: boolean;
  readonly timeout?: number;
}

const peersDefault = 3;
const peersMax = 200;

const words = (text: string | undefined): readonly string[] =>
  (text ?? '').split(',').filter((word) => word !== '');

/** node1 … nodeN, or, without a number, what there is. */
function namesFor(folder: CloudFolder, option: string | undefined): readonly string[] {
  const known = readCloudFile(folder)?.peers.map(({ name }) => name) ?? [];
  if (option === undefined && known.length > 0) return known;
  const count = option === undefined ? peersDefault : parseCount(option, '--peers', 1);
  if (count > peersMax) throw wrongUse(`--peers ${count}: at most ${peersMax} on one machine`);
  return Array.from({ length: count }, (_, index) => `node${index + 1}`);
}

/** How to reach it from here: nothing to say when p2pctl finds it by itself. */
export function howToReach(folder: CloudFolder, cwd: string): string {
  const found = findCloudFolder(undefined, cwd).path === folder.path;
  const path = relative(cwd, folder.kubeconfig);
  const kubeconfig = path.startsWith('..') ? folder.kubeconfig : path;
  return found
    ? `for kubectl: export KUBECONFIG=${folder.kubeconfig}`
    : `export KUBECONFIG=${kubeconfig}`;
}

async function up(cli: Cli, options: UpOptions): Promise<void> {
  const folder = findCloudFolder(options.home, cli.cwd);
  const drivers = words(options.drivers);
  const wishes = namesFor(folder, options.peers).map((name) => ({
    name,
    drivers,
    ...(options.listen === undefined ? {} : { listenHost: options.listen }),
    ...(options.mdns === true ? { mdns: true } : {}),
  }));
  await startPeers(cli, folder, wishes, {
    owners: words(options.owners),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  });
  cli.terminal.out(`${howToReach(folder, cli.cwd)}\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--peers <n>', `node1 to nodeN (default: those that there are, or ${peersDefault})`)
    .option('--home <dir>', 'where the cloud lives (default: the nearest .p2pcs)')
    .option('--owners <names>', 'owners: the first has the machines, the others are guests')
    .option('--drivers <names>', "drivers of new peers besides their own ones; 'fake' for tests")
    .option('--listen <host>', 'address on which new peers listen for others (default: 127.0.0.1)')
    .option('--mdns', 'new peers look for others on the local network')
    .option(
      '--timeout <duration>',
      'give up after this long (default: 60s and 2s a peer)',
      readDuration,
    )
    .action((options: UpOptions) => up(cli, options));
  command.addHelpText(
    'after',
    '\nStarts what is down and touches nothing else; returns when all that run are one cloud. Nothing watches over\n' +
      'them: a peer that was killed stays down until the next up. State is kept in the folder.',
  );
  withExamples(command, [
    ['p2pctl up --peers 10', 'a cloud of ten, or ten of the cloud that is there'],
    ['p2pctl up --peers 5 --owners alice,bob', 'contexts alice@node1 … bob@node5'],
    ['p2pctl up', 'starts again what is down'],
  ]);
}
