import { ExitCode, wrongUse } from '../cli-error.ts';
import { checkMachine } from '../doctor/check-machine.ts';
import { findCloudFolder } from '../local-cloud/cloud-folder.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Finding } from '../doctor/check-machine.ts';
import type { JsonObject } from '../../objects/json.ts';

interface DoctorOptions {
  readonly home?: string;
  readonly output?: string;
}

function lineOf(cli: Cli, { name, verdict, found, help }: Finding): string {
  const { terminal } = cli;
  const mark = {
    good: terminal.paint('green', terminal.unicode ? '✔' : '*'),
    warning: terminal.paint('yellow', '!'),
    bad: terminal.paint('red', terminal.unicode ? '✘' : 'x'),
  }[verdict];
  return `${mark} ${name.padEnd(18)}${found}\n${help === undefined ? '' : `${' '.repeat(20)}${help}\n`}`;
}

async function examine(cli: Cli, options: DoctorOptions): Promise<void> {
  const format = parseFormat(options.output);
  if (format.type === 'name') throw wrongUse('-o name is for objects; use -o json or -o yaml');
  const findings = await checkMachine(findCloudFolder(options.home, cli.cwd));
  const isWell = findings.every(({ verdict }) => verdict !== 'bad');
  if (format.type === 'table' || format.type === 'wide') {
    cli.terminal.out(findings.map((finding) => lineOf(cli, finding)).join(''));
  } else {
    const document = { healthy: isWell, checks: findings } as unknown as JsonObject;
    cli.terminal.out(await printDocument(document, format));
  }
  if (!isWell) process.exitCode = ExitCode.failed;
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--home <dir>', 'where the cloud lives (default: the nearest .p2pcs)')
    .option('-o, --output <format>', 'json, yaml or jsonpath=TEMPLATE')
    .action((options: DoctorOptions) => examine(cli, options));
  command.addHelpText(
    'after',
    '\nChanges nothing. Exit code 1 when something keeps a peer from running here.',
  );
  withExamples(command, [
    ['p2pctl doctor', 'can this machine run peers, and do they run?'],
    [
      'p2pctl doctor -o jsonpath=\'{.checks[?(@.verdict=="bad")].name}\'',
      'what is wrong, for a script',
    ],
  ]);
}
