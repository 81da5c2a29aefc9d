import { TablePrinter } from '../output/table.ts';

const labelWidth = 14;

/** `Name:         structures` */
export const field = (name: string, value: string): string =>
  `${`${name}:`.padEnd(labelWidth)}${value}`;

/** A name with several values, a line each. */
export function manyFields(name: string, values: readonly string[]): readonly string[] {
  if (values.length === 0) return [field(name, '<none>')];
  return values.map((value, at) =>
    at === 0 ? field(name, value) : ' '.repeat(labelWidth) + value,
  );
}

export const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

/** A table under a title. */
export const section = (title: string, rows: readonly (readonly string[])[]): readonly string[] => [
  `${title}:`,
  indent(new TablePrinter().print(rows)),
];
