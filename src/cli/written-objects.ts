import { parseFormat, printDocument } from './output/format.ts';
import { qualifiedName } from '../client/discovery.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Format } from './output/format.ts';
import type { JsonObject } from '../objects/json.ts';

export type DryRun = 'none' | 'client' | 'server';

const notes: Readonly<Record<DryRun, string>> = {
  none: '',
  client: ' (dry run)',
  server: ' (server dry run)',
};

/** Tells what a verb wrote: a line an object as it happens, or with `-o` the objects themselves at the end. */
export class WrittenObjects {
  readonly #cli: Cli;
  readonly #format: Format;
  readonly #note: string;
  readonly #objects: JsonObject[] = [];

  constructor(cli: Cli, output: string | undefined, dryRun: DryRun = 'none') {
    this.#cli = cli;
    this.#format = parseFormat(output);
    this.#note = notes[dryRun];
  }

  add(resource: ApiResource, name: string, what: string, object: JsonObject): void {
    if (this.#format.type === 'table' || this.#format.type === 'wide') {
      this.#cli.terminal.out(`${qualifiedName(resource)}/${name} ${what}${this.#note}\n`);
    } else this.#objects.push(object);
  }

  async end(): Promise<void> {
    const format = this.#format;
    if (format.type === 'table' || format.type === 'wide') return;
    const [only, ...others] = this.#objects;
    if (only === undefined) return;
    const list: JsonObject = { apiVersion: 'v1', kind: 'List', items: this.#objects };
    this.#cli.terminal.out(await printDocument(others.length === 0 ? only : list, format));
  }
}
