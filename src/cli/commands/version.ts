import { jsonText } from '../../client/json-text.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { query } from '../slices.ts';
import { version } from '../version.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { JsonObject } from '../../objects/json.ts';

interface VersionOptions {
  readonly client?: boolean;
  readonly output?: string;
}

async function printVersions(cli: Cli, options: VersionOptions): Promise<void> {
  const format = parseFormat(options.output);
  const isText = format.type === 'table' || format.type === 'wide';
  if (isText) cli.terminal.out(`p2pctl ${version}, on Node ${process.version.slice(1)}\n`);
  let server: JsonObject = {};
  if (options.client !== true) {
    const connection = await cli.connect();
    const info = await query(connection, 'info', {});
    server = { server: { ...info, gitVersion: connection.version['gitVersion'] } };
    if (isText) {
      cli.terminal.out(
        `p2pcsd ${jsonText(info['version'])}, peer ${jsonText(info['peer'])} of cloud ${jsonText(info['cloudId']).slice(0, 12)} ` +
          `(API as of Kubernetes ${jsonText(connection.version['gitVersion']).split('+')[0]})\n`,
      );
    }
  }
  if (isText) return;
  const document = { client: { version, node: process.version.slice(1) }, ...server };
  cli.terminal.out(await printDocument(document, format));
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--client', 'only that of p2pctl')
    .option('-o, --output <format>', 'json or yaml')
    .action((options: VersionOptions) => printVersions(cli, options));
  withExamples(command, [
    ['p2pctl version', 'p2pctl and the peer'],
    ['p2pctl version --client', 'p2pctl alone'],
  ]);
}
