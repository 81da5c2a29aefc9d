import { resolve } from 'node:path';

import { LocalCloud } from '../local-cloud/local-cloud.ts';
import { findCloudFolder } from '../local-cloud/cloud-folder.ts';
import { lockCloud } from '../local-cloud/lock.ts';
import { parseListen } from '../local-cloud/listen-address.ts';
import { parseCount } from '../slices.ts';
import { withExamples } from '../examples.ts';
import { writePrivate } from '../local-cloud/private-file.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

interface AddPeerOptions {
  readonly home?: string;
  readonly listen: string;
  readonly apiPort: string;
  readonly output?: string;
  readonly mdns?: boolean;
}

async function addPeer(cli: Cli, name: string, options: AddPeerOptions): Promise<void> {
  const listen = parseListen(options.listen);
  const apiPort = parseCount(options.apiPort, '--api-port', 1, 65_535);
  const folder = findCloudFolder(options.home, cli.cwd);
  cli.cleanup(await lockCloud(folder, cli.signal));
  const cloud = LocalCloud.open(folder);
  const bundle = await cloud.issueForElsewhere(name, {
    listen: [listen],
    apiPort,
    mdns: options.mdns === true,
  });
  const text = `${JSON.stringify(bundle, null, 2)}\n`;
  if (options.output === '-') {
    cli.terminal.out(text);
    return;
  }
  const path =
    options.output === undefined ? folder.bundleForOthers(name) : resolve(cli.cwd, options.output);
  writePrivate(path, text);
  cli.terminal.out(
    `${path}\nIt holds the private key of ${name}: carry it there safely, and start the peer with\n` +
      `  p2pcsd --bundle ${name}.json\n`,
  );
  if (cloud.peers.every(({ listenHost }) => /^(127\.|::1$|localhost$)/.test(listenHost))) {
    cli.warn([
      `the peers of this cloud listen on this machine only, so ${name} cannot reach them from another one; ` +
        'add one that listens outside first: p2pctl start-node NAME --listen ADDRESS',
    ]);
  }
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the new peer')
    .option(
      '--listen <address>',
      'where it listens for others: HOST, HOST:PORT or a multiaddress',
      '0.0.0.0:7420',
    )
    .option('--api-port <port>', "port of its API, on that machine's loopback", '7443')
    .option('--mdns', 'it looks for others on its local network')
    .option(
      '-o, --output <file>',
      'where to write the bundle (default: below the cloud; -: standard output)',
    )
    .option('--home <dir>', 'where the cloud lives (default: the nearest .p2pcs)')
    .action((name: string, options: AddPeerOptions) => addPeer(cli, name, options));
  withExamples(command, [
    ['p2pctl add-peer lab7 -o lab7.json', 'a bundle for the machine lab7'],
    [
      'p2pctl add-peer lab8 --listen 10.0.0.8:4001 -o - | ssh lab8 "umask 77; cat > lab8.json"',
      'straight to it',
    ],
  ]);
}
