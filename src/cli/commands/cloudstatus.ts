import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { CloudStatus } from '../../objects/kinds/cloud-status.ts';
import type { Command } from 'commander';
import type { JsonObject } from '../../objects/json.ts';

/** Where the one CloudStatus is. */
export const cloudStatusPath = '/apis/p2pcs.io/v1alpha1/cloudstatuses/cloud';

async function showStatus(cli: Cli, options: { readonly output?: string }): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const document = await connection.client.json(cloudStatusPath);
  if (format.type !== 'table' && format.type !== 'wide') {
    cli.terminal.out(await printDocument(document as JsonObject, format));
    return;
  }
  const { status } = document as unknown as CloudStatus;
  if (status === undefined) {
    cli.terminal.out('The peers have not counted each other yet.\n');
    return;
  }
  const { known } = status;
  const states = (['alive', 'suspect', 'away', 'dead'] as const)
    .filter((state) => state === 'alive' || known[state] > 0)
    .map((state) => `${known[state]} ${state}`);
  const rows: readonly (readonly [string, string])[] = [
    ['Cloud', status.cloudId.slice(0, 12)],
    [
      'Size',
      `${status.size} peers, ${status.freePeers} of them free (counted by gossip, epoch ${status.epoch})`,
    ],
    ['Known', `${states.join(', ')} (by name, at ${connection.context.name})`],
    ['Slices', String(status.slices)],
    ['Mean load', `${status.meanLoad} runnable tasks a core`],
  ];
  cli.terminal.out(rows.map(([name, text]) => `${`${name}:`.padEnd(12)}${text}\n`).join(''));
}

export function define(command: Command, cli: Cli): void {
  command
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((options: { readonly output?: string }) => showStatus(cli, options));
  withExamples(command, [
    ['p2pctl cloudstatus', 'how large the cloud is, and how busy'],
    ["p2pctl cloudstatus -o jsonpath='{.status.size}'", 'the number alone'],
  ]);
}
