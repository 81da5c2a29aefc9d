import type { Colour } from '../terminal.ts';

interface Cell {
  readonly character: string;
  readonly colour: Colour | undefined;
}

/** A drawing made of characters, each in its place; what is written later covers what was there. */
export class CharacterGrid {
  readonly #rows: Cell[][] = [];

  write(x: number, y: number, text: string, colour?: Colour): void {
    while (this.#rows.length <= y) this.#rows.push([]);
    const row = this.#rows[y]!;
    Array.from(text).forEach((character, at) => {
      while (row.length < x + at) row.push({ character: ' ', colour: undefined });
      row[x + at] = { character, colour };
    });
  }

  /** The lines, painted in runs of one colour. */
  lines(paint: (colour: Colour, text: string) => string): readonly string[] {
    return this.#rows.map((row) => {
      let line = '';
      for (let at = 0; at < row.length;) {
        const { colour } = row[at]!;
        let run = '';
        for (; at < row.length && row[at]!.colour === colour; at++) run += row[at]!.character;
        line += colour === undefined ? run : paint(colour, run);
      }
      return line;
    });
  }
}
