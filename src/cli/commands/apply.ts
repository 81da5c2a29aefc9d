import { Option } from 'commander';

import { CliError, ExitCode } from '../cli-error.ts';
import { StatusError } from '../../objects/status-error.ts';
import { explainRefusal } from '../manifests/explain-refusal.ts';
import { parseFormat, printDocument } from '../output/format.ts';
import { planApply } from '../manifests/plan-apply.ts';
import { qualifiedName } from '../../client/discovery.ts';
import { readManifests } from '../manifests/read-files.ts';
import { readObject, writeObject } from '../manifests/write-object.ts';
import { resolveManifests } from '../manifests/resolve.ts';
import { withExamples } from '../examples.ts';
import type { ApplyPlan } from '../manifests/plan-apply.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';
import type { Connection } from '../connection.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { Resolved } from '../manifests/resolve.ts';

interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun: 'none' | 'client' | 'server';
  readonly output?: string;
}

interface Step {
  readonly item: Resolved;
  readonly plan: ApplyPlan;
  readonly current: JsonObject | undefined;
}

const checksAtOnce = 16;

const outcome: Readonly<Record<ApplyPlan['type'], string>> = {
  create: 'created',
  patch: 'configured',
  keep: 'unchanged',
};

const labelOf = ({ item }: Step): string => `${qualifiedName(item.resource)}/${item.name}`;

/** Maps in order, a bounded number at a time. */
async function mapSome<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += checksAtOnce) {
    results.push(...(await Promise.all(items.slice(at, at + checksAtOnce).map(map))));
  }
  return results;
}

function refuseTwins(items: readonly Resolved[]): void {
  const seen = new Map<string, Resolved>();
  for (const item of items) {
    const key = `${qualifiedName(item.resource)} ${item.namespace ?? ''}/${item.name}`;
    const twin = seen.get(key);
    if (twin !== undefined) {
      const { file, line } = item.manifest;
      throw new CliError(
        `${file}:${line}: ${key.replace(' ', ' "')}" is here twice; first at ${twin.manifest.file}:${twin.manifest.line}`,
      );
    }
    seen.set(key, item);
  }
}

/** Objects in a namespace that the same apply creates cannot be checked before it is there. */
function isCheckable(step: Step, steps: readonly Step[]): boolean {
  return !steps.some(
    ({ item, plan }) =>
      plan.type === 'create' &&
      item.resource.kind === 'Namespace' &&
      item.name === step.item.namespace,
  );
}

/** Has the peer judge every write before the first one: a bad document leaves the cloud as it was. */
async function checkAll(connection: Connection, steps: readonly Step[]): Promise<void> {
  let exitCode: ExitCode = ExitCode.failed;
  const found = await mapSome(steps, async (step): Promise<readonly string[]> => {
    const { item, plan } = step;
    if (plan.type === 'keep' || !isCheckable(step, steps)) return [];
    try {
      await writeObject(connection.client, item, plan, { dryRun: true });
      return [];
    } catch (error) {
      if (error instanceof StatusError && error.code === 403) exitCode = ExitCode.refused;
      return explainRefusal(connection, item, error);
    }
  });
  const lines = found.flat();
  if (lines.length === 0) return;
  const [first, ...others] = lines;
  if (others.length === 0) throw new CliError(`${first!} (nothing was applied)`, exitCode);
  throw new CliError(`nothing was applied; ${lines.length} problems:`, exitCode, lines);
}

async function writeAll(
  cli: Cli,
  connection: Connection,
  steps: readonly Step[],
  report: (step: Step, object: JsonObject) => void,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (step.plan.type === 'keep') {
      report(step, step.current ?? step.item.object);
      continue;
    }
    try {
      const answer = await writeObject(connection.client, step.item, step.plan, { dryRun: false });
      cli.warn(answer.warnings);
      report(step, answer.body as JsonObject);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const lines = await explainRefusal(connection, step.item, error);
      const rest = steps.length - index - 1;
      const note =
        rest === 0 ? [] : [`${rest} more were not tried; applying again goes on from here`];
      const code = error.code === 403 ? ExitCode.refused : ExitCode.failed;
      throw new CliError(`cannot apply ${labelOf(step)}: ${lines[0]}`, code, [
        ...lines.slice(1),
        ...note,
      ]);
    }
  }
}

async function apply(cli: Cli, options: ApplyOptions): Promise<void> {
  const format = parseFormat(options.output);
  const manifests = await readManifests(options.filename, cli.signal);
  const connection = await cli.connect();
  const items = await resolveManifests(connection, manifests, cli.globals.namespace);
  refuseTwins(items);
  const steps = await mapSome(items, async (item): Promise<Step> => {
    const current = await readObject(connection.client, item);
    return { item, current, plan: planApply(item.object, current) };
  });
  const results: JsonObject[] = [];
  const note = { none: '', client: ' (dry run)', server: ' (server dry run)' }[options.dryRun];
  const report = (step: Step, object: JsonObject): void => {
    if (format.type === 'table') {
      cli.terminal.out(`${labelOf(step)} ${outcome[step.plan.type]}${note}\n`);
    } else results.push(object);
  };
  if (options.dryRun !== 'client') await checkAll(connection, steps);
  if (options.dryRun === 'none') await writeAll(cli, connection, steps, report);
  else for (const step of steps) report(step, step.item.object);
  if (format.type === 'table' || format.type === 'wide') return;
  const [only] = results;
  const list: Json = { apiVersion: 'v1', kind: 'List', items: results };
  cli.terminal.out(await printDocument(results.length === 1 ? only! : list, format));
}

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('-f, --filename <file...>', 'a file, a folder, or - for standard input')
    .addOption(
      new Option(
        '--dry-run <where>',
        'client: compare only; server: let the peer check, store nothing',
      )
        .choices(['none', 'client', 'server'])
        .default('none')
        .preset('client'),
    )
    .option('-o, --output <format>', 'json, yaml, name or jsonpath=TEMPLATE')
    .action((options: ApplyOptions) => apply(cli, options));
  command.addHelpText(
    'after',
    '\nAll documents are read, and checked by the peer, before the first is written: when one is refused, none is\n' +
      'applied. The wish is kept in the annotation that kubectl uses, so both tools may take turns.',
  );
  withExamples(command, [
    ['p2pctl apply -f examples/paper-slice.yaml', 'a slice of five peers'],
    ['p2pctl apply -f examples/ --dry-run=server', 'would all of this be accepted?'],
    ['sed s/5/6/ slice.yaml | p2pctl apply -f -', 'from standard input'],
  ]);
}
