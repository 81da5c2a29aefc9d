import type { Json, JsonObject } from '../objects/json.ts';
import type { Column } from './kind-info.ts';

/** What a row carries of its object, as `includeObject` asks. */
export type IncludedObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  /** Version of meta.k8s.io. */
  readonly version: string;
  readonly include: IncludedObject;
  /** Wall clock, for ages. */
  readonly nowMs: number;
  /** A watch names its columns once, in its first event. */
  readonly withColumns: boolean;
}

/** An object's metadata only. */
export const toPartial = (object: JsonObject, version: string): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object['metadata'],
});

function includedObject(object: JsonObject, { include, version }: TableOptions): Json {
  switch (include) {
    case 'None':
      return null;
    case 'Metadata':
      return toPartial(object, version);
    case 'Object':
      return object;
    default:
      return include satisfies never;
  }
}

/** Objects as rows that any client can print without knowing their kind. */
export function toTable(
  columns: readonly Column[],
  objects: readonly JsonObject[],
  metadata: JsonObject,
  options: TableOptions,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.withColumns
      ? columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format: format ?? '',
          description,
          priority,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.nowMs)),
      object: includedObject(object, options),
    })),
  };
}
