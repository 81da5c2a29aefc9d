import { CliError, ExitCode, wrongUse } from '../cli-error.ts';
import { LinePrefixer } from '../output/line-prefixer.ts';
import { parseCount, readSlice } from '../slices.ts';
import { untilInterrupted } from '../interrupted.ts';
import { withExamples } from '../examples.ts';
import type { ApiObject } from '../../objects/object.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';

interface LogOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly prefix?: boolean;
  readonly selector?: string;
}

/** `my-sub-cloud-node3`, `instance/…`, `slice/…`, or what `-l` finds. */
async function instancesOf(
  connection: Connection,
  word: string | undefined,
  selector: string | undefined,
): Promise<readonly string[]> {
  const [type, name] = word?.includes('/') === true ? word.split('/') : ['instance', word];
  if (word === undefined && selector === undefined) {
    throw wrongUse(
      'whose logs? name an instance, a slice, or give labels',
      'for example: p2pctl logs slice/my-sub-cloud',
    );
  }
  if (/^(instance|instances|inst)$/.test(type ?? '') && name !== undefined) return [name];
  const isSlice = name !== undefined && /^slices?$/.test(type ?? '');
  if (name !== undefined && !isSlice)
    throw wrongUse(`${type}s have no logs; instances and slices do`);
  if (isSlice) await readSlice(connection, name);
  const list = await connection.client.json(
    `/apis/p2pcs.io/v1alpha1/namespaces/${encodeURIComponent(connection.namespace)}/instances`,
    { labelSelector: isSlice ? `p2pcs.io/slice=${name}` : selector },
  );
  const names = (list['items'] as unknown as readonly ApiObject[]).map(
    (item) => item.metadata.name,
  );
  if (names.length > 0) return names;
  throw new CliError(
    isSlice ? `slice ${name} has no instances` : 'no instance has these labels',
    ExitCode.failed,
    isSlice ? [`who is in it: p2pctl describe slice ${name}`] : [],
  );
}

async function printLog(
  cli: Cli,
  connection: Connection,
  instance: string,
  options: LogOptions,
  prefixer: LinePrefixer | undefined,
): Promise<void> {
  const namespace = encodeURIComponent(connection.namespace);
  const chunks = connection.client.stream({
    path: `/apis/p2pcs.io/v1alpha1/namespaces/${namespace}/instances/${encodeURIComponent(instance)}/log`,
    query: {
      follow: options.follow === true ? true : undefined,
      tailLines: options.tail === undefined ? undefined : parseCount(options.tail, '--tail'),
    },
    accept: 'text/plain,application/json',
    signal: cli.signal,
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    cli.terminal.out(prefixer === undefined ? text : prefixer.feed(text));
  }
  const rest = decoder.decode();
  cli.terminal.out(prefixer === undefined ? rest : prefixer.feed(rest) + prefixer.end());
}

async function logs(cli: Cli, word: string | undefined, options: LogOptions): Promise<void> {
  const connection = await cli.connect();
  const names = await instancesOf(connection, word, options.selector);
  const width = Math.max(...names.map((name) => name.length));
  const withPrefix = options.prefix ?? names.length > 1;
  const colours = ['cyan', 'green', 'yellow'] as const;
  const print = (name: string, index: number): Promise<void> => {
    const label = cli.terminal.paint(colours[index % colours.length]!, name.padEnd(width));
    return printLog(
      cli,
      connection,
      name,
      options,
      withPrefix ? new LinePrefixer(`${label}  `) : undefined,
    );
  };
  await untilInterrupted(cli.signal, async () => {
    if (options.follow !== true) {
      for (const [index, name] of names.entries()) await print(name, index);
      return;
    }
    await Promise.all(names.map(print));
  });
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[instance]', 'INSTANCE, or slice/NAME for all of its members')
    .option('-f, --follow', 'go on with what is written, until interrupted')
    .option('--tail <lines>', 'only the last so many lines')
    .option('-l, --selector <labels>', 'of all instances with these labels')
    .option('--prefix', "begin each line with the instance's name (default for several)")
    .option('--no-prefix', 'never do')
    .action((word: string | undefined, options: LogOptions) => logs(cli, word, options));
  withExamples(command, [
    ['p2pctl logs my-sub-cloud-node3', 'of one instance, wherever it runs'],
    ['p2pctl logs -f --tail 10 slice/my-sub-cloud', 'of every member, live'],
  ]);
}
