import type { Terminal } from './terminal.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 80;

/** One stage of a long task: a line that lives on a terminal, one line when it is done anywhere else. */
export class Stage {
  readonly #terminal: Terminal;
  readonly #label: string;
  readonly #startMs: number = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #state = '';
  #frame = 0;

  constructor(terminal: Terminal, label: string) {
    this.#terminal = terminal;
    this.#label = label;
    if (terminal.isTty) {
      this.#timer = setInterval(() => this.#draw(), frameMs);
      this.#timer.unref();
      this.#draw();
    }
  }

  /** `7 of 10`, say. */
  update(state: string): void {
    this.#state = state;
  }

  /** Ends the stage well, with what came of it and the time it took. */
  done(result: string): void {
    const tick = this.#terminal.paint('green', this.#terminal.unicode ? '✔' : '*');
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    this.#end(
      `${tick} ${this.#label}: ${result} ${this.#terminal.paint('dim', `(${seconds} s)`)}\n`,
    );
  }

  /** Ends the stage badly; the error that follows says why. */
  failed(): void {
    const cross = this.#terminal.paint('red', this.#terminal.unicode ? '✘' : 'x');
    this.#end(`${cross} ${this.#label}${this.#state === '' ? '' : `: ${this.#state}`}\n`);
  }

  #draw(): void {
    this.#frame += 1;
    const frame = this.#terminal.unicode ? frames[this.#frame % frames.length]! : '-';
    const state = this.#state === '' ? '' : `: ${this.#state}`;
    this.#terminal.out(`\r\u001B[2K${this.#terminal.paint('cyan', frame)} ${this.#label}${state}`);
  }

  #end(line: string): void {
    clearInterval(this.#timer);
    this.#terminal.out(this.#terminal.isTty ? `\r\u001B[2K${line}` : line);
  }
}

/** Runs a task as a stage. */
export async function inStage<T>(
  terminal: Terminal,
  label: string,
  task: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = new Stage(terminal, label);
  try {
    return await task(stage);
  } catch (error) {
    stage.failed();
    throw error;
  }
}
