/** Puts a prefix in front of every line of a text that arrives in pieces; only whole lines are let through. */
export class LinePrefixer {
  readonly #prefix: string;
  #rest = '';

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  feed(text: string): string {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    return lines.map((line) => `${this.#prefix}${line}\n`).join('');
  }

  /** The last line, when it had no newline. */
  end(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? '' : `${this.#prefix}${rest}\n`;
  }
}
