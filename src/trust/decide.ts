import type { TrustPolicySpec, TrustRule } from '../objects/kinds/trust-policy.ts';
import type { OwnerName, PeerName } from '../objects/ids.ts';

/** A TrustPolicy as it was found: `spec` comes from another peer's record and may hold anything. */
export interface WrittenPolicy {
  readonly name: string;
  /** Who signed it. Only policies written by the machine's own owner count. */
  readonly writer: OwnerName;
  readonly spec: unknown;
}

export interface Decision {
  readonly allowed: boolean;
  /** The TrustPolicy and the rule in it that made the decision; neither when no rule spoke. */
  readonly policy?: string;
  readonly rule?: string;
  /** For the refused user, and for the log. */
  readonly message: string;
}

/**
 * Whether a machine takes work of an owner, and under a driver if one is named. The machine's own owner always may.
 * Anyone else needs a rule that allows; a rule that denies wins over all that allow; `process`, which runs unconfined,
 * is allowed only where a rule lists it. A word that this version does not know refuses: the writer meant something
 * by it, and guessing what would give away a machine.
 */
export function decide(
  policies: readonly WrittenPolicy[],
  machine: { readonly name: PeerName; readonly owner: OwnerName },
  request: { readonly owner: OwnerName; readonly driver?: string },
): Decision {
  const asked = `${request.driver === undefined ? '' : `driver ${request.driver} to `}owner ${request.owner}`;
  if (request.owner === machine.owner) {
    return { allowed: true, message: `${machine.name} belongs to ${machine.owner}` };
  }
  const read = policies
    .filter((policy) => policy.writer === machine.owner)
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map((policy) => ({ name: policy.name, spec: readSpec(policy.spec) }));
  for (const { name, spec } of read) {
    if (typeof spec === 'string') {
      const message = `TrustPolicy ${name} refuses ${asked} on ${machine.name}: this peer does not understand ${spec}`;
      return { allowed: false, policy: name, message };
    }
  }
  const applying = read.flatMap(({ name, spec }) =>
    typeof spec === 'string' || !(spec.peers?.includes(machine.name) ?? true)
      ? []
      : [{ name, rules: spec.rules }],
  );
  for (const { name, rules } of applying) {
    const rule = rules.find((each) => each.effect === 'Deny' && concerns(each, request));
    if (rule === undefined) continue;
    const message = `TrustPolicy ${name} refuses ${asked} on ${machine.name} (rule "${rule.name}")`;
    return { allowed: false, policy: name, rule: rule.name, message };
  }
  for (const { name, rules } of applying) {
    const rule = rules.find((each) => each.effect !== 'Deny' && concerns(each, request));
    if (rule === undefined) continue;
    const message = `TrustPolicy ${name} allows ${asked} on ${machine.name} (rule "${rule.name}")`;
    return { allowed: true, policy: name, rule: rule.name, message };
  }
  const [first] = applying;
  if (first === undefined) {
    const message = `${machine.name} serves its own owner ${machine.owner} only: no TrustPolicy of ${machine.owner} applies to it`;
    return { allowed: false, message };
  }
  const names = applying.map(({ name }) => name).join(', ');
  const message = `TrustPolicy ${names} refuses ${asked} on ${machine.name}: no rule allows it`;
  return { allowed: false, policy: first.name, message };
}

function concerns(
  rule: TrustRule,
  request: { readonly owner: OwnerName; readonly driver?: string },
): boolean {
  if (!rule.owners.includes('*') && !rule.owners.includes(request.owner)) return false;
  const isDeny = rule.effect === 'Deny';
  if (rule.drivers === undefined) return isDeny || request.driver !== 'process';
  if (rule.drivers.includes('*')) return true;
  // With no driver named the question is whether there is any: one that is allowed suffices, one denied does not.
  if (request.driver === undefined) return !isDeny && rule.drivers.length > 0;
  return rule.drivers.includes(request.driver);
}

/** The spec, or in words what in it is not understood. */
function readSpec(spec: unknown): TrustPolicySpec | string {
  if (!isRecord(spec)) return 'its spec';
  const stranger = Object.keys(spec).find((key) => key !== 'peers' && key !== 'rules');
  if (stranger !== undefined) return `the field spec.${stranger}`;
  if (spec['peers'] !== undefined && !isTextList(spec['peers'])) return 'the field spec.peers';
  const rules = spec['rules'];
  if (!Array.isArray(rules)) return 'the field spec.rules';
  for (const [i, rule] of rules.entries()) {
    const problem = problemOf(rule);
    if (problem !== undefined) return `spec.rules[${i}]${problem}`;
  }
  return spec as unknown as TrustPolicySpec;
}

function problemOf(rule: unknown): string | undefined {
  if (!isRecord(rule)) return '';
  const stranger = Object.keys(rule).find(
    (key) => !['name', 'effect', 'owners', 'drivers'].includes(key),
  );
  if (stranger !== undefined) return `.${stranger}`;
  if (typeof rule['name'] !== 'string') return '.name';
  if (rule['effect'] !== undefined && rule['effect'] !== 'Allow' && rule['effect'] !== 'Deny')
    return '.effect';
  if (!isTextList(rule['owners'])) return '.owners';
  if (rule['drivers'] !== undefined && !isTextList(rule['drivers'])) return '.drivers';
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
