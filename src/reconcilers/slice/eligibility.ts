import type { KnownPeer, PolicyDecision, PolicyFunction, SliceView } from './world.ts';
import type { MatchExpression, PeerSelector, SliceSpec } from '../../objects/kinds/slice.ts';
import { parseQuantity } from '../../lib/quantity.ts';

/** Names that always mean the machine's own number, never a label of that name. */
const reservedAttributes: ReadonlySet<string> = new Set([
  'cores',
  'cpuScore',
  'memory',
  'disk',
  'uptime',
  'load',
]);

/** Why a peer may not be in a slice, for a user. */
export type Unfit =
  | { readonly type: 'unsupported'; readonly message: string }
  | { readonly type: 'excluded'; readonly message: string }
  | { readonly type: 'constraint'; readonly message: string }
  | { readonly type: 'driver'; readonly message: string }
  | {
      readonly type: 'policy';
      readonly message: string;
      /** Without the machine's name, so that refusals can be counted. */
      readonly summary: string;
    };

/** What a selector's key stands for on a peer; undefined when the peer has nothing of that name. */
export function valueOf(peer: KnownPeer, key: string): string | undefined {
  if (reservedAttributes.has(key)) return own(peer.attributes, key);
  return own(peer.labels, key);
}

// Keys come from users: `constructor` is a label name, not a member of Object.prototype.
function own(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** Equal as text, or the same quantity where the key is an attribute (`8Gi` is `8192Mi`). */
function sameValue(key: string, actual: string | undefined, wanted: string): boolean {
  if (actual === undefined) return false;
  if (actual === wanted) return true;
  if (!reservedAttributes.has(key)) return false;
  const quantity = parseQuantity(actual);
  return quantity !== undefined && quantity === parseQuantity(wanted);
}

function matches(expression: MatchExpression, actual: string | undefined): boolean {
  const { key, operator, values = [] } = expression;
  const isIn = (): boolean => values.some((wanted) => sameValue(key, actual, wanted));
  switch (operator) {
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'In':
      return isIn();
    case 'NotIn':
      return !isIn();
    case 'Gt':
    case 'Lt': {
      const left = actual === undefined ? undefined : parseQuantity(actual);
      const right = values[0] === undefined ? undefined : parseQuantity(values[0]);
      if (left === undefined || right === undefined) return false;
      return operator === 'Gt' ? left > right : left < right;
    }
    default:
      operator satisfies never;
      // A newer peer may know more operators; one that does not must not guess.
      return false;
  }
}

/** The first constraint of `where` that the peer does not meet, with both values; undefined when it meets all. */
export function constraintMiss(
  peer: KnownPeer,
  where: PeerSelector | undefined,
): string | undefined {
  for (const [key, wanted] of Object.entries(where?.matchLabels ?? {})) {
    const actual = valueOf(peer, key);
    if (!sameValue(key, actual, wanted)) return `${key} is ${actual ?? 'not set'}, wants ${wanted}`;
  }
  for (const expression of where?.matchExpressions ?? []) {
    const { key, operator, values } = expression;
    const actual = valueOf(peer, key);
    if (!matches(expression, actual)) {
      const wanted = values === undefined ? operator : `${operator} ${values.join(', ')}`;
      return `${key} is ${actual ?? 'not set'}, wants ${wanted}`;
    }
  }
  return undefined;
}

const knownFields: ReadonlySet<string> = new Set([
  'size',
  'percent',
  'where',
  'rank',
  'exclude',
  'replaceAfter',
  'onPartition',
  'template',
] satisfies (keyof SliceSpec)[]);

/** A field or value that this version does not know: whoever does not understand a wish does not volunteer for it. */
function unknownPart(spec: SliceSpec): string | undefined {
  for (const field of Object.keys(spec)) if (!knownFields.has(field)) return `spec.${field}`;
  // Typed as the one value that is known; records of newer peers may carry others.
  const onPartition: string | undefined = spec.onPartition;
  if (onPartition !== undefined && onPartition !== 'RunBoth') return `onPartition: ${onPartition}`;
  return undefined;
}

/** Which driver the work would use there and whether its owner's policy lets it. */
function driverMiss(
  slice: SliceView,
  peer: KnownPeer,
  policy: PolicyFunction,
  ignoreHealth: boolean,
): Unfit | undefined {
  const template = slice.spec.template;
  if (template === undefined) {
    const decision = policy(slice.owner, undefined, peer);
    return decision.allowed ? undefined : refused(decision, peer);
  }
  const wanted = template.spec.driver;
  const usable = peer.drivers.filter(
    ({ name, healthy }) => (healthy || ignoreHealth) && (wanted === undefined || name === wanted),
  );
  const decisions = usable.map(({ name }) => policy(slice.owner, name, peer));
  if (decisions.some(({ allowed }) => allowed)) return undefined;
  // Policy goes first in what is said: mending the driver would not help.
  const refusal = decisions[0] ?? policy(slice.owner, wanted, peer);
  if (!refusal.allowed) return refused(refusal, peer);
  return { type: 'driver', message: `has no working driver${wanted ? ` ${wanted}` : ''}` };
}

function refused({ policy, rule, message }: PolicyDecision, peer: KnownPeer): Unfit {
  let summary = `refused by TrustPolicy ${policy} rule ${rule}`;
  if (policy === undefined) summary = `no TrustPolicy of ${peer.owner} serves other owners`;
  else if (rule === undefined) summary = `no rule of TrustPolicy ${policy} allows it`;
  return { type: 'policy', message, summary };
}

/** What holds for as long as a peer is a member: exclusion and policy. Undefined when it may stay. */
export function mayNotStay(
  slice: SliceView,
  peer: KnownPeer,
  policy: PolicyFunction,
): Unfit | undefined {
  if (slice.spec.exclude?.includes(peer.name)) {
    return { type: 'excluded', message: 'named in spec.exclude' };
  }
  const miss = driverMiss(slice, peer, policy, true);
  return miss?.type === 'policy' ? miss : undefined;
}

/** Why a peer may not join, but for its rank; undefined when it may. */
export function mayNotJoin(
  slice: SliceView,
  peer: KnownPeer,
  policy: PolicyFunction,
): Unfit | undefined {
  const unknown = unknownPart(slice.spec);
  if (unknown !== undefined) {
    return { type: 'unsupported', message: `${unknown} is not known to this version` };
  }
  if (slice.spec.exclude?.includes(peer.name)) {
    return { type: 'excluded', message: 'named in spec.exclude' };
  }
  const miss = constraintMiss(peer, slice.spec.where);
  if (miss !== undefined) return { type: 'constraint', message: miss };
  return driverMiss(slice, peer, policy, false);
}
