import { TablePrinter } from '../output/table.ts';
import { eventAge, listEvents, watchEvents } from '../events.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { readTargets } from '../targets.ts';
import { untilInterrupted } from '../interrupted.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { CoreEvent } from '../events.ts';
import type { Json } from '../../objects/json.ts';

interface EventOptions {
  readonly for?: string;
  readonly types?: string;
  readonly allNamespaces?: boolean;
  readonly watch?: boolean;
  readonly output?: string;
}

async function showEvents(cli: Cli, options: EventOptions): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const [target] = options.for === undefined ? [] : await readTargets(connection, [options.for]);
  if (target !== undefined && target.name === undefined) {
    throw wrongUse(`--for ${options.for!}: say which one`, 'for example: --for slice/my-sub-cloud');
  }
  const wanted = options.types?.toLowerCase().split(',');
  const scope = {
    ...(options.allNamespaces === true ? {} : { namespace: connection.namespace }),
    ...(target === undefined ? {} : { kind: target.resource.kind, name: target.name! }),
  };
  const isWanted = (event: CoreEvent): boolean =>
    wanted?.includes(event.type.toLowerCase()) ?? true;
  const { events, resourceVersion } = await listEvents(connection, scope);
  if (format.type !== 'table' && format.type !== 'wide') {
    const items = events.filter(isWanted) as unknown as Json[];
    cli.terminal.out(await printDocument({ apiVersion: 'v1', kind: 'EventList', items }, format));
    return;
  }
  const printer = new TablePrinter();
  const toRow = (event: CoreEvent): readonly string[] => {
    const row = eventRow(event);
    return options.allNamespaces === true ? [event.metadata.namespace ?? '', ...row] : row;
  };
  const headers = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  if (options.allNamespaces === true) headers.unshift('NAMESPACE');
  const rows = events.filter(isWanted).map(toRow);
  if (rows.length > 0 || options.watch === true)
    cli.terminal.out(printer.print([headers, ...rows]));
  else
    cli.terminal.err('No events found. They are kept for an hour, by the peers that saw them.\n');
  if (options.watch !== true) return;
  await untilInterrupted(cli.signal, async () => {
    for await (const event of watchEvents(cli, connection, scope, resourceVersion)) {
      if (isWanted(event)) cli.terminal.out(printer.print([toRow(event)]));
    }
  });
}

function eventRow(event: CoreEvent): readonly string[] {
  const { kind = '', name = '' } = event.involvedObject;
  const often = (event.count ?? 1) > 1 ? ` (${event.count} times)` : '';
  return [
    eventAge(event),
    event.type,
    event.reason,
    `${kind.toLowerCase()}/${name}`,
    event.message.trim() + often,
  ];
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--for <object>', 'only about this object: slice/my-sub-cloud')
    .option('--types <types>', 'Normal, Warning or both')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-w, --watch', 'go on with new ones, until interrupted')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((options: EventOptions) => showEvents(cli, options));
  withExamples(command, [
    ['p2pctl events', 'what happened in this namespace'],
    ['p2pctl events --for slice/my-sub-cloud', 'to one slice'],
    ['p2pctl events -A --types Warning -w', 'every warning, as it comes'],
  ]);
}
