import { spawn, type ChildProcess } from 'node:child_process';

/** A program that runs until it is told to stop, with what it has printed so far. */
export class RunningCommand {
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;

  constructor(file: string, args: readonly string[]) {
    const child = spawn(file, args, {
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((done) => {
      child.once('error', () => done(-1));
      child.once('close', (code, signal) => done(code ?? signal ?? -1));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Resolves with the exit code, or the signal that it died of. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    if (this.#child.exitCode === null) this.#child.kill(signal);
    return this.ended;
  }
}
