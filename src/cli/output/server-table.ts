import { jsonText } from '../../client/json-text.ts';
import type { Json, JsonObject } from '../../objects/json.ts';

/** meta.k8s.io/v1 Table, the part that is printed. */
export interface ServerTable {
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows?: readonly ServerRow[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

export interface ServerRow {
  readonly cells: readonly Json[];
  readonly object?: JsonObject;
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableLook {
  /** Columns of priority above 0 too. */
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly showLabels: boolean;
  /** In front of the name: `slice.p2pcs.io/`. */
  readonly namePrefix: string;
}

const labelsOf = (metadata: JsonObject): string => {
  const labels = Object.entries((metadata['labels'] ?? {}) as JsonObject);
  return labels.map(([name, value]) => `${name}=${jsonText(value)}`).join(',') || '<none>';
};

const cellText = (cell: Json | undefined): string => {
  if (cell === null || cell === undefined || cell === '') return '<none>';
  return typeof cell === 'object' ? JSON.stringify(cell) : jsonText(cell).replaceAll('\n', ' ');
};

/** The headers and cells to print of a server's Table. */
export class TableReader {
  readonly #look: TableLook;
  #columns: readonly { readonly name: string; readonly index: number }[] = [];

  constructor(look: TableLook) {
    this.#look = look;
  }

  /** Headers in capitals. Events of a watch carry the definitions only once; they are kept. */
  headers(table: ServerTable): readonly string[] {
    this.#columns = (table.columnDefinitions ?? []).flatMap(({ name, priority = 0 }, index) =>
      priority > 0 && !this.#look.wide ? [] : [{ name, index }],
    );
    const names = this.#columns.map(({ name }) => name.toUpperCase());
    if (this.#look.withNamespace) names.unshift('NAMESPACE');
    if (this.#look.showLabels) names.push('LABELS');
    return names;
  }

  cells(row: ServerRow): readonly string[] {
    const metadata = (row.object?.['metadata'] ?? {}) as JsonObject;
    const cells = this.#columns.map(({ name, index }) => {
      const text = cellText(row.cells[index]);
      return name.toLowerCase() === 'name' ? this.#look.namePrefix + text : text;
    });
    if (this.#look.withNamespace) cells.unshift(cellText(metadata['namespace']));
    if (this.#look.showLabels) cells.push(labelsOf(metadata));
    return cells;
  }
}
