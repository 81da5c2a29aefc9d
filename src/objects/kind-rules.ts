import type { FieldIssue } from './field-issue.ts';
import type { JsonObject } from './json.ts';

/** What a kind asks beyond its schema; the CRD says the same in CEL, for a genuine Kubernetes. All of it is pure. */
export interface KindRules {
  /**
   * Fields that people will try and that are refused by name, whatever `fieldValidation` says: path → what to do
   * instead. A list in a path is written `[]`: `spec.template.spec.ports[].containerPort`.
   */
  readonly unsupported?: Readonly<Record<string, string>>;
  /** Called with a decoded, defaulted object, also when its schema was violated: nothing may be taken for granted. */
  validate?(object: JsonObject): readonly FieldIssue[];
  /** Why `/scale` may not be written, if so. */
  scaleRefusal?(object: JsonObject): string | undefined;
  /** What `/scale` shows as wished, if not the value at the CRD's path. */
  scaleReplicas?(object: JsonObject): number | undefined;
}
