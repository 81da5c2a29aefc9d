import { InvalidArgumentError } from 'commander';

import { parseFormat } from '../output/format.ts';
import { printObjects } from '../get/print-objects.ts';
import { printTables } from '../get/print-tables.ts';
import { readTargets } from '../targets.ts';
import { untilInterrupted } from '../interrupted.ts';
import { watchTarget } from '../get/watch.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { GetOptions } from '../get/request.ts';

async function get(cli: Cli, words: readonly string[], options: GetOptions): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await cli.connect();
  const targets = await readTargets(connection, words);
  if (options.watch === true) {
    const [target, ...others] = targets;
    if (target === undefined || others.length > 0) {
      throw wrongUse('-w watches one kind or one object', 'run one watch for each');
    }
    return untilInterrupted(cli.signal, () =>
      watchTarget(cli, connection, target, options, format),
    );
  }
  if (format.type === 'table' || format.type === 'wide') {
    return printTables(cli, connection, targets, options);
  }
  return printObjects(cli, connection, targets, options, format);
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'TYPE, TYPE,TYPE or TYPE/NAME')
    .argument('[name...]', 'names of objects')
    .option('-o, --output <format>', 'wide, json, yaml, name or jsonpath=TEMPLATE')
    .option('-w, --watch', 'go on with every change, until interrupted')
    .option('-l, --selector <labels>', 'only objects with these labels: app=solver,tier!=test')
    .option('--field-selector <fields>', 'only objects with these fields: metadata.name=x')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--sort-by <path>', 'order rows by a field: .status.attributes.memory', (path) => {
      if (!/^[{.[]/.test(path))
        throw new InvalidArgumentError('a path begins with a dot: .metadata.name');
      return path;
    })
    .option('--show-labels', 'a column with the labels')
    .option('--ignore-not-found', 'a missing object is no error')
    .option('--no-headers', 'rows only')
    .action((kind: string, names: readonly string[], options: GetOptions) =>
      get(cli, [kind, ...names], options),
    );
  withExamples(command, [
    ['p2pctl get peers,slices', 'two kinds at once'],
    ['p2pctl get slice my-sub-cloud -o yaml', 'all of one object'],
    ['p2pctl get instances -l p2pcs.io/slice=my-sub-cloud', 'what runs for a slice'],
    ["p2pctl get slice my-sub-cloud -o jsonpath='{.status.members[*].peer}'", 'its members'],
    ['p2pctl get peers -w', 'who comes and goes'],
  ]);
}
