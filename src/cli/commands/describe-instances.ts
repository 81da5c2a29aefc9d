import { instancesOn, readPeer, slicesOf } from '../peers.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { query } from '../slices.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { Json } from '../../objects/json.ts';
import type { Ring } from '../output/ring-order.ts';

/** A peer as the paper's describe-instances tells it. */
interface Description {
  readonly peer: string;
  readonly owner: string;
  readonly state: string;
  readonly slices: readonly {
    readonly slice: string;
    readonly namespace: string;
    readonly index: number;
    readonly state: string;
    readonly predecessor: string;
    readonly successor: string;
  }[];
  readonly instances: readonly {
    readonly name: string;
    readonly state: string;
    readonly pid?: number;
  }[];
}

async function describePeer(connection: Connection, name: string): Promise<Description> {
  const [peer, slices, instances] = await Promise.all([
    readPeer(connection, name),
    slicesOf(connection, name),
    instancesOn(connection, name),
  ]);
  const memberships = await Promise.all(
    slices.map(async ({ metadata }) => {
      const { name: slice, namespace = 'default' } = metadata;
      const ring = (await query(connection, 'ring', { namespace, slice })) as unknown as Ring;
      const member = ring.members.find((each) => each.peer === name);
      return {
        slice,
        namespace,
        index: member?.index ?? -1,
        state: member?.state ?? 'Unknown',
        predecessor: member?.predecessor ?? '',
        successor: member?.successor ?? '',
      };
    }),
  );
  return {
    peer: name,
    owner: peer.spec?.owner ?? '',
    state: peer.status?.state ?? 'Unknown',
    slices: memberships,
    instances: instances.map(({ metadata, status }) => ({
      name: metadata.name,
      state: status?.state ?? 'Unknown',
      ...(status?.pid === undefined ? {} : { pid: status.pid }),
    })),
  };
}

const neighbour = (name: string): string => name || 'not told yet';

function toText(found: Description): string {
  const slices = found.slices.flatMap((each) => [
    `Slice:        ${each.slice} (namespace ${each.namespace}), member ${each.index}, ${each.state}`,
    `Predecessor:  ${neighbour(each.predecessor)}`,
    `Successor:    ${neighbour(each.successor)}`,
  ]);
  const instances = found.instances.map(
    ({ name, state, pid }) =>
      `Instance:     ${name}, ${state}${pid === undefined ? '' : `, pid ${pid}`}`,
  );
  const lines = [
    `Peer:         ${found.peer}, ${found.state}, of ${found.owner}`,
    ...(slices.length === 0 ? ['Slice:        none'] : slices),
    ...instances,
  ];
  return `${lines.join('\n')}\n`;
}

async function describeInstances(
  cli: Cli,
  name: string,
  options: { readonly output?: string },
): Promise<void> {
  const format = parseFormat(options.output);
  const found = await describePeer(await cli.connect(), name);
  if (format.type === 'table' || format.type === 'wide') cli.terminal.out(toText(found));
  else cli.terminal.out(await printDocument(found as unknown as Json, format));
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<peer>', 'name of a peer')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((name: string, options: { readonly output?: string }) =>
      describeInstances(cli, name, options),
    );
  withExamples(command, [
    ['p2pctl describe-instances node3', 'its slice, its neighbours in the ring, what it runs'],
  ]);
}
