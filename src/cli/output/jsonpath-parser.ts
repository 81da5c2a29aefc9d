/*
 * kubectl's JSONPath templates (k8s.io/client-go/util/jsonpath): text with `{expressions}`, `{range …}{end}`, fields,
 * `[*]`, `..`, indices, slices, unions, quoted keys, filters `?(@.a=="b")`. A missing field prints nothing.
 */
type Literal = string | number | boolean | null;
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type Operand =
  | { readonly path: readonly Step[]; readonly isRoot: boolean }
  | { readonly literal: Literal };

export type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'every' }
  | { readonly type: 'descend' }
  | { readonly type: 'union'; readonly keys: readonly (string | number)[] }
  | { readonly type: 'slice'; readonly from?: number; readonly to?: number; readonly step: number }
  | {
      readonly type: 'filter';
      readonly left: Operand;
      readonly operator?: Operator;
      readonly right?: Operand;
    };

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly steps: readonly Step[]; readonly isRoot: boolean }
  | {
      readonly type: 'range';
      readonly steps: readonly Step[];
      readonly isRoot: boolean;
      readonly body: readonly Part[];
    };

export type JsonPath = readonly Part[];

/** Templates and paths are typed by hand; anything longer is a mistake. */
const lengthMax = 16_384;
const depthMax = 16;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  template(inRange: boolean): Part[] {
    const parts: Part[] = [];
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] !== '{') {
        const end = this.#text.indexOf('{', this.#at);
        parts.push({ type: 'text', text: this.#text.slice(this.#at, end < 0 ? undefined : end) });
        this.#at = end < 0 ? this.#text.length : end;
        continue;
      }
      this.#at += 1;
      this.#blanks();
      if (this.#word('end')) {
        this.#expect('}');
        if (!inRange) throw this.#error('{end} without {range}');
        return parts;
      }
      parts.push(...this.#expressions());
    }
    if (inRange) throw this.#error('{range} without {end}');
    return parts;
  }

  #expressions(): Part[] {
    if (this.#word('range')) {
      this.#blanks();
      const path = this.#path();
      this.#blanks();
      this.#expect('}');
      if (++this.#depth > depthMax) throw this.#error('too many ranges in each other');
      const body = this.template(true);
      this.#depth -= 1;
      return [{ type: 'range', ...path, body }];
    }
    const parts: Part[] = [];
    for (this.#blanks(); !this.#take('}'); this.#blanks()) {
      const next = this.#text[this.#at];
      if (next === '"' || next === "'") parts.push({ type: 'text', text: this.#quoted() });
      else parts.push({ type: 'path', ...this.#path() });
    }
    return parts;
  }

  #path(): { steps: Step[]; isRoot: boolean } {
    const start = this.#at;
    const isRoot = this.#take('$');
    if (!isRoot) this.#take('@');
    const steps: Step[] = [];
    for (;;) {
      if (this.#takeAll('..')) {
        steps.push({ type: 'descend' });
        if (this.#text[this.#at] !== '[') steps.push(this.#name());
      } else if (this.#take('.')) {
        if (/[\s}\])]/.test(this.#text[this.#at] ?? '}')) continue;
        steps.push(this.#text[this.#at] === '[' ? this.#bracket() : this.#name());
      } else if (this.#text[this.#at] === '[') steps.push(this.#bracket());
      else if (this.#at === start && /[\w-]/.test(this.#text[this.#at] ?? ''))
        steps.push(this.#name());
      else break;
    }
    if (this.#at === start) throw this.#error(`unexpected ${this.#text[start] ?? 'end'}`);
    return { steps, isRoot };
  }

  #name(): Step {
    if (this.#text[this.#at] === '[') return this.#bracket();
    if (this.#take('*')) return { type: 'every' };
    let name = '';
    for (let next = this.#text[this.#at]; next !== undefined; next = this.#text[this.#at]) {
      if (next === '\\') {
        this.#at += 1;
        name += this.#text[this.#at] ?? '';
      } else if (/[\s.,[\](){}=!<>]/.test(next)) break;
      else name += next;
      this.#at += 1;
    }
    if (name === '') throw this.#error('a field name is missing');
    return { type: 'field', name };
  }

  #bracket(): Step {
    this.#expect('[');
    this.#blanks();
    if (this.#take('*')) {
      this.#expect(']');
      return { type: 'every' };
    }
    if (this.#takeAll('?(')) return this.#filter();
    const keys: (string | number)[] = [];
    const bounds: (number | undefined)[] = [];
    for (;;) {
      this.#blanks();
      const next = this.#text[this.#at];
      if (next === '"' || next === "'") keys.push(this.#quoted());
      else {
        const number = this.#number();
        if (this.#text[this.#at] === ':' || bounds.length > 0) bounds.push(number);
        else if (number !== undefined) keys.push(number);
        else throw this.#error('an index or a quoted key is missing');
      }
      this.#blanks();
      if (this.#take(']')) break;
      if (bounds.length > 0) this.#expect(':');
      else this.#expect(',');
    }
    if (bounds.length === 0) return { type: 'union', keys };
    const [from, to, step] = bounds;
    return {
      type: 'slice',
      step: step ?? 1,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
  }

  #filter(): Step {
    this.#blanks();
    const left = this.#operand();
    this.#blanks();
    const operator = (['==', '!=', '<=', '>=', '<', '>'] as const).find((sign) =>
      this.#takeAll(sign),
    );
    if (operator === undefined) {
      this.#endFilter();
      return { type: 'filter', left };
    }
    this.#blanks();
    const right = this.#operand();
    this.#endFilter();
    return { type: 'filter', left, operator, right };
  }

  #endFilter(): void {
    this.#blanks();
    this.#expect(')');
    this.#expect(']');
  }

  #operand(): Operand {
    const next = this.#text[this.#at];
    if (next === '@' || next === '$') {
      if (++this.#depth > depthMax) throw this.#error('too many filters in each other');
      const { steps, isRoot } = this.#path();
      this.#depth -= 1;
      return { path: steps, isRoot };
    }
    if (next === '"' || next === "'") return { literal: this.#quoted() };
    const word = /^[^\s)\]]+/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += word.length;
    if (word === 'true' || word === 'false') return { literal: word === 'true' };
    if (word === 'null' || word === 'nil') return { literal: null };
    const number = Number(word);
    if (word === '' || Number.isNaN(number))
      throw this.#error(`"${word}" is no value to compare with`);
    return { literal: number };
  }

  #number(): number | undefined {
    const digits = /^-?\d+/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    return Number(digits);
  }

  #quoted(): string {
    const quote = this.#text[this.#at++];
    let text = '';
    for (;;) {
      const next = this.#text[this.#at++];
      if (next === undefined) throw this.#error('a quote is not closed');
      if (next === quote) return text;
      if (next !== '\\') {
        text += next;
        continue;
      }
      const escaped = this.#text[this.#at++] ?? '';
      text += { n: '\n', t: '\t', r: '\r' }[escaped] ?? escaped;
    }
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #word(word: string): boolean {
    const follows = this.#text[this.#at + word.length] ?? '';
    return /[\w-]/.test(follows) ? false : this.#takeAll(word);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #takeAll(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#error(`expected "${character}"`);
  }

  #error(message: string): Error {
    return new Error(`jsonpath ${this.#text}: ${message} (at character ${this.#at + 1})`);
  }
}

/** Parses a template such as `{.status.members[*].peer}`; a bare path such as `.spec.size` may omit the braces. */
export function parseJsonPath(template: string): JsonPath {
  if (template.length > lengthMax) throw new Error(`jsonpath: longer than ${lengthMax} characters`);
  const bare = /^[.$[]/.test(template) && !template.includes('{');
  return new Parser(bare ? `{${template}}` : template).template(false);
}
