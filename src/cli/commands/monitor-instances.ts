import { registerMonitor } from '../monitors.ts';
import { untilInterrupted } from '../interrupted.ts';
import { watchObject } from '../../client/watch.ts';
import { withExamples } from '../examples.ts';
import type { ApiResource } from '../../client/discovery.ts';
import type { Cli } from '../cli.ts';
import type { CloudStatusStatus } from '../../objects/kinds/cloud-status.ts';
import type { Command } from 'commander';

const cloudStatuses: ApiResource = {
  group: 'p2pcs.io',
  version: 'v1alpha1',
  kind: 'CloudStatus',
  plural: 'cloudstatuses',
  singular: 'cloudstatus',
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: [],
  subresources: [],
};

function lineOf(status: CloudStatusStatus): string {
  const { size, freePeers, slices, meanLoad, known } = status;
  const dead = known.dead > 0 ? `, ${known.dead} dead` : '';
  return `${size} peers, ${freePeers} free, ${slices} ${slices === 1 ? 'slice' : 'slices'}, load ${meanLoad}; ${known.alive} known alive${dead}`;
}

const clock = (): string => new Date().toTimeString().slice(0, 8);

async function monitor(cli: Cli): Promise<void> {
  const connection = await cli.connect();
  const { terminal } = cli;
  cli.cleanup(registerMonitor(connection.kubeconfig.path));
  // On a terminal one line is drawn over and over; anywhere else each change is a line of its own.
  if (terminal.isTty) cli.cleanup(() => terminal.out('\n'));
  let shown = '';
  await untilInterrupted(cli.signal, async () => {
    const states = watchObject(connection.client, {
      resource: cloudStatuses,
      name: 'cloud',
      signal: cli.signal,
    });
    for await (const object of states) {
      const status = object?.status as unknown as CloudStatusStatus | undefined;
      const line =
        status === undefined ? 'the peers have not counted each other yet' : lineOf(status);
      if (terminal.isTty) terminal.out(`\r\u001B[2K${clock()}  ${line}`);
      else if (line !== shown) terminal.out(`${clock()}  ${line}\n`);
      shown = line;
    }
  });
}

export function define(command: Command, cli: Cli): void {
  command.action(() => monitor(cli));
  withExamples(command, [
    ['p2pctl monitor-instances', 'the size of the cloud as gossip counts it, until Ctrl-C'],
    ['p2pctl unmonitor-instances', 'from another terminal: ends it'],
  ]);
}
