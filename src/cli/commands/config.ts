import { homedir } from 'node:os';
import { readFileSync } from 'node:fs';

import { CliError, ExitCode, wrongUse } from '../cli-error.ts';
import { TablePrinter } from '../output/table.ts';
import { connect } from '../connection.ts';
import { chooseContext } from '../choose-context.ts';
import { findKubeconfig, kubeconfigPaths } from '../find-kubeconfig.ts';
import { isEqualJson } from '../../client/merge-patch.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import { writePrivate } from '../local-cloud/private-file.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { KubeContext, Kubeconfig } from '../../client/kubeconfig.ts';

const places = (cli: Cli): Parameters<typeof findKubeconfig>[0] => ({
  option: cli.globals.kubeconfig,
  env: cli.env,
  cwd: cli.cwd,
  home: homedir(),
});

/** What must not end up in a terminal's history or in a talk. */
const isSecret = (key: string): boolean => /^(client-key-data|token|password)$/.test(key);
const isBulk = (key: string): boolean => key.endsWith('-data');

function masked(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(masked);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject).map(([key, inner]): [string, Json] => {
    if (isSecret(key)) return [key, 'REDACTED'];
    if (isBulk(key)) return [key, 'DATA+OMITTED'];
    return [key, masked(inner ?? null)];
  });
  return Object.fromEntries(entries);
}

/** The document of one kubeconfig file as it stands there. */
async function readDocument(path: string): Promise<JsonObject> {
  const text = readFileSync(path, 'utf8');
  return text.trimStart().startsWith('{')
    ? (JSON.parse(text) as JsonObject)
    : ((await import('yaml')).parse(text) as JsonObject);
}

async function view(cli: Cli, options: { raw?: boolean; output: string }): Promise<void> {
  const format = parseFormat(options.output);
  if (format.type === 'table' || format.type === 'wide' || format.type === 'name') {
    throw wrongUse(`-o ${options.output}: a kubeconfig is printed as yaml, json or jsonpath`);
  }
  await findKubeconfig(places(cli));
  for (const path of kubeconfigPaths(places(cli))) {
    const document = await readDocument(path);
    cli.terminal.out(
      await printDocument(options.raw === true ? document : masked(document), format),
    );
  }
}

function listContexts(cli: Cli, config: Kubeconfig, options: ListOptions): void {
  const contexts = config.contexts;
  if (options.output === 'name') {
    cli.terminal.out(contexts.map(({ name }) => `${name}\n`).join(''));
    return;
  }
  if (options.output !== undefined) {
    throw wrongUse(`-o ${options.output}: no such format`, 'there is: name');
  }
  const headers = ['CURRENT', 'NAME', 'SERVER', 'NAMESPACE'];
  const rows = contexts.map(({ name, server, namespace }) => [
    name === config.currentContext ? '*' : '',
    name,
    server,
    namespace,
  ]);
  cli.terminal.out(new TablePrinter().print(options.headers ? [headers, ...rows] : rows));
}

interface ListOptions {
  readonly headers: boolean;
  readonly output?: string;
}

/** A server that answers and is not P2PCS belongs to others, and so does its kubeconfig; one that is down may be ours. */
async function refuseForeign(cli: Cli, config: Kubeconfig, context: KubeContext): Promise<void> {
  try {
    const connection = await connect(config, context, { signal: cli.signal });
    connection.client.close();
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== ExitCode.unreachable) throw error;
    cli.warn([error.message]);
  }
}

/** Sets it in the file whose choice counts: the first with one, else the first. */
async function useContext(cli: Cli, name: string): Promise<void> {
  const config = await findKubeconfig(places(cli));
  await refuseForeign(cli, config, chooseContext(config, { context: name }));
  const paths = kubeconfigPaths(places(cli));
  const documents = await Promise.all(paths.map(readDocument));
  const at = documents.findIndex((document) => Boolean(document['current-context']));
  const path = paths[Math.max(0, at)]!;
  const before = documents[Math.max(0, at)]!;
  const after = { ...before, 'current-context': name };
  if (!isEqualJson(before, after)) {
    const isJson = readFileSync(path, 'utf8').trimStart().startsWith('{');
    const text = isJson
      ? `${JSON.stringify(after, null, 2)}\n`
      : await printDocument(after, { type: 'yaml' });
    writePrivate(path, text);
  }
  cli.terminal.out(`Switched to context "${name}".\n`);
}

export function define(command: Command, cli: Cli): void {
  command
    .command('view')
    .description('Print the kubeconfig; keys and certificates left out.')
    .option('--raw', 'with keys and certificates')
    .option('-o, --output <format>', 'yaml, json or jsonpath=TEMPLATE', 'yaml')
    .action((options: { raw?: boolean; output: string }) => view(cli, options));
  command
    .command('get-contexts')
    .description('List the contexts: ways to a peer as an owner.')
    .option('--no-headers', 'rows only')
    .option('-o, --output <format>', 'name')
    .action(async (options: ListOptions) =>
      listContexts(cli, await findKubeconfig(places(cli)), options),
    );
  command
    .command('current-context')
    .description('Print the context that is used when none is named.')
    .action(async () => {
      const { currentContext, path } = await findKubeconfig(places(cli));
      if (currentContext === undefined) {
        throw new CliError(`${path} has no current-context`, 1, [
          'choose one: p2pctl config use-context NAME',
        ]);
      }
      cli.terminal.out(`${currentContext}\n`);
    });
  command
    .command('use-context <context>')
    .description('Choose the context that is used when none is named.')
    .action((name: string) => useContext(cli, name));
  command.addHelpText(
    'after',
    "\nOnly P2PCS's own kubeconfigs: ~/.kube/config is neither read nor written.",
  );
  withExamples(command, [
    ['p2pctl config get-contexts', 'which ways there are'],
    ['p2pctl config use-context node2', 'speak to node2 from now on'],
  ]);
}
