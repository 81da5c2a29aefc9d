import { stripVTControlCharacters, styleText } from 'node:util';

export type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** Where output goes and what it may look like there. */
export interface Terminal {
  /** Writes to standard output; the text carries its own newlines. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  readonly isTty: boolean;
  readonly columns: number;
  /** Box-drawing characters and arrows may be used. */
  readonly unicode: boolean;
  paint(colour: Colour, text: string): string;
}

const defaultColumns = 100;

/** Colours only on a terminal and without NO_COLOR (no-color.org: any value but the empty one). */
function wantsColour(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return isTty && env['TERM'] !== 'dumb';
}

/** Only a locale that names another character set rules Unicode out. */
function speaksUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale);
}

export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  const isTty = stdout.isTTY === true;
  const colour = wantsColour(env, isTty);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTty,
    columns: Number(env['COLUMNS']) || stdout.columns || defaultColumns,
    unicode: speaksUnicode(env),
    paint: (name, text) => (colour ? styleText(name, text, { validateStream: false }) : text),
  };
}

/** Columns that a text takes, colours not counted. Names here are ASCII, so one character is one column. */
export const widthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));
