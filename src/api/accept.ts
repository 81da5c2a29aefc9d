import { StatusError } from '../objects/status-error.ts';

/** How an answer is shown: whole objects, rows for people, or metadata only. */
export type Presentation = 'object' | 'table' | 'metadata';

export interface Accepted {
  readonly format: 'json' | 'yaml';
  readonly as: Presentation;
  /** Version of meta.k8s.io for tables and metadata. */
  readonly version: string;
}

export interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const rangesMax = 32;

/** The entries of an Accept header, in the client's order. */
export function parseAccept(header: string | undefined): readonly MediaRange[] {
  const text = header === undefined || header.trim() === '' ? '*/*' : header;
  return text
    .split(',')
    .slice(0, rangesMax)
    .map((entry) => {
      const [type = '', ...rest] = entry.split(';').map((part) => part.trim());
      const pairs = rest.map((part): [string, string] => {
        const at = part.indexOf('=');
        return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1).replaceAll('"', '')];
      });
      return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) };
    });
}

const formats: Readonly<Record<string, Accepted['format']>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/*': 'json',
  '*/*': 'json',
};
const presentations: Readonly<Record<string, Presentation>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
};

/** The first entry that this API can answer; 406 only when there is none. */
export function negotiate(header: string | undefined): Accepted {
  for (const { type, parameters } of parseAccept(header)) {
    const format = formats[type];
    if (format === undefined) continue;
    const { as, g, v } = parameters as { as?: string; g?: string; v?: string };
    if (as === undefined) return { format, as: 'object', version: 'v1' };
    const presentation = presentations[as];
    const isMeta = (g === undefined || g === 'meta.k8s.io') && (v === 'v1' || v === 'v1beta1');
    if (presentation !== undefined && isMeta) return { format, as: presentation, version: v };
  }
  throw new StatusError(
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml',
  );
}
