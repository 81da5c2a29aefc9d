import { padEnd, widthOf } from '../terminal.ts';

const gap = 3;

/** Prints rows under headers as kubectl does: three blanks between columns, none at the end of a line. */
export class TablePrinter {
  #widths: number[] = [];

  /** Lines for `rows`; widths that were printed before stay, so that a watch keeps its columns. */
  print(rows: readonly (readonly string[])[]): string {
    this.#widths = (rows[0] ?? []).map((_, column) =>
      Math.max(this.#widths[column] ?? 0, ...rows.map((row) => widthOf(row[column] ?? ''))),
    );
    const lines = rows.map((row) =>
      row
        .map((cell, column) => padEnd(cell, this.#widths[column]! + gap))
        .join('')
        .trimEnd(),
    );
    return lines.map((line) => `${line}\n`).join('');
  }
}
