import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

import { CliError, ExitCode } from '../cli-error.ts';
import type { Cli } from '../cli.ts';

/** Lines above a text that say what to do; taken off again when it comes back. */
const isComment = (line: string): boolean => line.startsWith('#');

/** One text in the user's editor, as often as it takes. */
export class EditSession {
  readonly path: string;
  readonly #cli: Cli;
  readonly #folder: string;
  #isKept = false;

  constructor(cli: Cli, name: string, extension: string) {
    this.#cli = cli;
    this.#folder = mkdtempSync(join(tmpdir(), 'p2pctl-edit-'));
    this.path = join(this.#folder, `${name}.${extension}`);
    cli.cleanup(() => {
      if (!this.#isKept) this.remove();
    });
  }

  /** The text as the user left it; `comments` stand above it, a `#` before each. */
  async edit(text: string, comments: readonly string[]): Promise<string> {
    const head = comments.flatMap((line) => line.split('\n')).map((line) => `# ${line}\n`);
    writeFileSync(this.path, head.join('') + text, { mode: 0o600 });
    await this.#runEditor();
    const lines = readFileSync(this.path, 'utf8').split('\n');
    const first = lines.findIndex((line) => !isComment(line));
    return first < 0 ? '' : lines.slice(first).join('\n');
  }

  /** Leaves the text on disk; answers where. */
  keep(text: string): string {
    writeFileSync(this.path, text, { mode: 0o600 });
    this.#isKept = true;
    return this.path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Through a shell, for an editor may come with options. */
  #runEditor(): Promise<void> {
    const { env, cwd } = this.#cli;
    const editor = env['KUBE_EDITOR'] || env['EDITOR'] || 'vi';
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', this.path], {
      cwd,
      stdio: 'inherit',
    });
    const failed = (why: string): CliError =>
      new CliError(`the editor "${editor}" ${why}; nothing was changed`, ExitCode.failed, [
        'name another one: KUBE_EDITOR or EDITOR',
      ]);
    return new Promise((done, fail) => {
      child.on('error', (error) => fail(failed(error.message)));
      child.on('close', (code, signal) => {
        if (code === 0) done();
        else fail(failed(code === null ? `was ended by ${signal}` : `ended with code ${code}`));
      });
    });
  }
}
