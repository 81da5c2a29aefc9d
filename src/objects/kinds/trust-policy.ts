export interface TrustRule {
  /** Shown to whom it refuses. */
  readonly name: string;
  /** Default Allow. Deny wins over Allow, in all policies that apply to the machine. */
  readonly effect?: 'Allow' | 'Deny';
  /** Owner names; `*` is every owner of this cloud. */
  readonly owners: readonly string[];
  /** Driver names; `*` is all. Omitted: Deny means all drivers, Allow means all but `process`. */
  readonly drivers?: readonly string[];
}

/** An owner's rules for the owner's own machines; enforced on the machine that would run the work. */
export interface TrustPolicySpec {
  /** Names of the owner's peers it applies to. Omitted: all of them. */
  readonly peers?: readonly string[];
  readonly rules: readonly TrustRule[];
}
