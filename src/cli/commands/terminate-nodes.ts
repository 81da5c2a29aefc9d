import { jsonText } from '../../client/json-text.ts';
import { CliError, ExitCode } from '../cli-error.ts';
import { nearest } from '../../lib/nearest.ts';
import { patchSlice, readSlice } from '../slices.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { JsonObject } from '../../objects/json.ts';

async function terminateNodes(
  cli: Cli,
  name: string,
  given: readonly string[],
  options: { readonly replace?: boolean },
): Promise<void> {
  const connection = await cli.connect();
  const slice = await readSlice(connection, name);
  const members = (slice.status?.members ?? []).map((member) => member.peer);
  const peers = [...new Set(given)];
  const stranger = peers.find((peer) => !members.includes(peer));
  if (stranger !== undefined) {
    const meant = nearest(stranger, members);
    throw new CliError(
      `cannot take ${stranger} out of slice ${name}: it is not in it; nothing was changed`,
      ExitCode.failed,
      [
        ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
        `its members: ${members.join(', ') || 'none'}`,
      ],
    );
  }
  const exclude = [...new Set([...(slice.spec?.exclude ?? []), ...peers])];
  const size = slice.spec?.size;
  const shrinks = options.replace !== true && size !== undefined;
  const patch: JsonObject = shrinks
    ? { exclude, size: Math.max(0, size - peers.length) }
    : { exclude };
  await patchSlice(cli, connection, slice, patch);
  const become = shrinks
    ? `, its size is ${jsonText(patch['size'])} now`
    : ', others take their places';
  cli.terminal.out(`slice.p2pcs.io/${name} excludes ${peers.join(', ')}${become}\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<slice>', 'the slice')
    .argument('<peer...>', 'members that shall leave it, for good')
    .option('--replace', 'keep the size: other peers take their places')
    .action((slice: string, peers: readonly string[], options: { readonly replace?: boolean }) =>
      terminateNodes(cli, slice, peers, options),
    );
  withExamples(command, [
    [
      'p2pctl terminate-nodes my-sub-cloud node2',
      "the other four close the ring (the paper's Figure 6)",
    ],
    ['p2pctl terminate-nodes my-sub-cloud node2 --replace', 'and a fifth takes its place'],
  ]);
}
