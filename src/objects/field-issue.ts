/** What is wrong with one field, in Kubernetes' words: a cause of a 422 Status. */
export interface FieldIssue {
  /** `spec.where.matchExpressions[0].values` */
  readonly field: string;
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany';
  /** Without the field's name: it is printed before. */
  readonly message: string;
}
