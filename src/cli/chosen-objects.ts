import { jsonText } from '../client/json-text.ts';
import { CliError, ExitCode, wrongUse } from './cli-error.ts';
import { StatusError } from '../objects/status-error.ts';
import { resourcePath } from '../client/discovery.ts';
import { readManifests } from './manifests/read-files.ts';
import { readTargets } from './targets.ts';
import { resolveManifests } from './manifests/resolve.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Connection } from './connection.ts';
import type { JsonObject } from '../objects/json.ts';

/** One object that a verb shall work on. */
export interface ChosenObject {
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The options by which a user may choose objects instead of naming them. */
export interface ObjectChoice {
  readonly filename?: readonly string[];
  readonly selector?: string;
  readonly all?: boolean;
}

export const pathOf = ({ resource, namespace, name }: ChosenObject, subresource?: string): string =>
  resourcePath(resource, namespace, name, subresource);

async function fromArguments(
  connection: Connection,
  words: readonly string[],
  choice: ObjectChoice,
): Promise<readonly ChosenObject[]> {
  const targets = await readTargets(connection, words);
  const isMany = choice.all === true || choice.selector !== undefined;
  const found = await Promise.all(
    targets.map(async ({ resource, name }): Promise<readonly ChosenObject[]> => {
      const namespace = resource.namespaced ? connection.namespace : undefined;
      if (name !== undefined) return [{ resource, namespace, name }];
      if (!isMany) {
        throw wrongUse(`which ${resource.plural}? name them, or say --all or -l LABELS`);
      }
      const list = await connection.client.json(resourcePath(resource, namespace), {
        labelSelector: choice.selector,
      });
      return (list['items'] as readonly JsonObject[]).map((item) => {
        const metadata = item['metadata'] as JsonObject;
        return { resource, namespace, name: jsonText(metadata['name']) };
      });
    }),
  );
  return found.flat();
}

/** The objects of `TYPE NAME…`, `TYPE/NAME…`, `TYPE -l LABELS`, `TYPE --all` or `-f FILE…`, in that order. */
export async function chooseObjects(
  cli: Cli,
  connection: Connection,
  words: readonly string[],
  choice: ObjectChoice,
): Promise<readonly ChosenObject[]> {
  if (choice.filename === undefined) return fromArguments(connection, words, choice);
  if (words.length > 0) throw wrongUse('name objects or files (-f), not both');
  const manifests = await readManifests(choice.filename, cli.signal);
  return resolveManifests(connection, manifests, cli.globals.namespace);
}

/** Does a task for every object; what fails is told after the others were tried. */
export async function forEachObject(
  items: readonly ChosenObject[],
  task: (item: ChosenObject) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  for (const item of items) {
    try {
      await task(item);
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof CliError)) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1) throw first;
  const isRefused = failures.every((error) => error instanceof StatusError && error.code === 403);
  throw new CliError(
    `${failures.length} of ${items.length} objects failed:`,
    isRefused ? ExitCode.refused : ExitCode.failed,
    failures.map((error) => error.message),
  );
}
