import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { apiVersionOf } from '../../client/discovery.ts';
import { explainRefusal } from '../manifests/explain-refusal.ts';
import { lastAppliedAnnotation } from '../manifests/last-applied.ts';
import { planApply } from '../manifests/plan-apply.ts';
import { printYaml } from '../output/format.ts';
import { readManifests } from '../manifests/read-files.ts';
import { readObject, writeObject } from '../manifests/write-object.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { withExamples } from '../examples.ts';
import { wrongUse } from '../cli-error.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Resolved } from '../manifests/resolve.ts';

interface DiffOptions {
  readonly filename: readonly string[];
}

/** 1 means "they differ", so that trouble needs another number here. */
const trouble = ExitCode.wrongUse;

/** As kubectl splits KUBECTL_EXTERNAL_DIFF: words without quoting, of harmless characters but for the program. */
function differ(env: Cli['env']): readonly [string, ...string[]] {
  const [program, ...given] = (env['KUBECTL_EXTERNAL_DIFF'] ?? '').split(' ').filter(Boolean);
  if (program === undefined) return ['diff', '-u', '-N'];
  return [program, ...given.filter((word) => /^[a-zA-Z0-9-=]+$/.test(word))];
}

/** The object as it would be after apply, by a dry run of the peer. */
async function merged(
  cli: Cli,
  connection: Connection,
  item: Resolved,
  current: JsonObject | undefined,
): Promise<JsonObject> {
  const plan = planApply(item.object, current);
  if (plan.type === 'keep') return current!;
  try {
    const answer = await writeObject(connection.client, item, plan, { dryRun: true });
    cli.warn(answer.warnings);
    return answer.body as JsonObject;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const [first = '', ...others] = await explainRefusal(connection, item, error);
    throw new CliError(first, error.code === 403 ? ExitCode.refused : trouble, others);
  }
}

/** Without what apply keeps for itself: it repeats the file. */
function visible(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as JsonObject;
  const { annotations, ...others } = metadata;
  const { [lastAppliedAnnotation]: _, ...seen } = (annotations ?? {}) as JsonObject;
  const kept = Object.keys(seen).length === 0 ? {} : { annotations: seen };
  return { ...object, metadata: { ...others, ...kept } };
}

/** The program's own exit code: 0 the same, 1 different, more for trouble. */
function run(cli: Cli, words: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = words;
  const child = spawn(program, args, { cwd: cli.cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text: string) => cli.terminal.out(text));
  return new Promise((done, fail) => {
    child.on('error', (error) => {
      fail(
        new CliError(`cannot run ${program}: ${error.message}`, trouble, [
          'name another program: KUBECTL_EXTERNAL_DIFF',
        ]),
      );
    });
    child.on('close', (code) => done(code ?? trouble));
  });
}

async function diff(cli: Cli, options: DiffOptions): Promise<void> {
  const manifests = await readManifests(options.filename, cli.signal);
  const connection = await cli.connect();
  const items = await resolveManifests(connection, manifests, cli.globals.namespace);
  const folder = mkdtempSync(join(tmpdir(), 'p2pctl-diff-'));
  cli.cleanup(() => rmSync(folder, { recursive: true, force: true }));
  const [live, wanted] = [join(folder, 'LIVE'), join(folder, 'MERGED')];
  for (const side of [live, wanted]) mkdirSync(side, { mode: 0o700 });
  for (const item of items) {
    const current = await readObject(connection.client, item);
    const after = await merged(cli, connection, item, current);
    const version = apiVersionOf(item.resource).split('/').toReversed().join('.');
    const file = `${version}.${item.resource.kind}.${item.namespace ?? ''}.${item.name}`;
    if (current !== undefined) writeFileSync(join(live, file), await printYaml(visible(current)));
    writeFileSync(join(wanted, file), await printYaml(visible(after)));
  }
  const code = await run(cli, [...differ(cli.env), live, wanted]);
  if (code > 1) throw new CliError(`the diff program ended with exit code ${code}`, trouble);
  process.exitCode = code;
}

/** Exit code 1 is taken; whatever else fails is more. */
async function diffOrTrouble(cli: Cli, options: DiffOptions): Promise<void> {
  try {
    await diff(cli, options);
  } catch (error) {
    if (error instanceof CliError) {
      throw error.exitCode === ExitCode.failed
        ? new CliError(error.message, trouble, error.help)
        : error;
    }
    if (error instanceof StatusError && error.code === 403) throw error;
    if (error instanceof Error && error.name !== 'PeerUnreachable') throw wrongUse(error.message);
    throw error;
  }
}

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('-f, --filename <file...>', 'a file, a folder, or - for standard input')
    .action((options: DiffOptions) => diffOrTrouble(cli, options));
  command.addHelpText(
    'after',
    '\nCompares what is there with what apply would make of it, as the peer says in a dry run; nothing is changed.\n' +
      'Exit code 0: the same, 1: different, more: it failed. KUBECTL_EXTERNAL_DIFF names another program than\n' +
      '"diff -u -N"; it gets two folders.',
  );
  withExamples(command, [
    ['p2pctl diff -f examples/paper-slice.yaml', 'what would apply change?'],
    ["KUBECTL_EXTERNAL_DIFF='diff -ru --color=always' p2pctl diff -f slices/", 'in colour'],
  ]);
}
