import { isLabelKey, isLabelValue } from '../objects/names.ts';
import { badRequest } from './errors.ts';

export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const lengthMax = 4096;
const requirement =
  /\s*(?:!\s*(?<absent>[^\s!=,()]+)|(?<key>[^\s!=,()<>]+)\s*(?:(?<set>in|notin)\s*\((?<values>[^()]*)\)|(?<operator>==|=|!=|>|<)\s*(?<value>[^\s=!,()<>]*))?)\s*(?:,|$)/y;

// Keys come from users: `constructor` is a label's name, not a member of Object.prototype.
const valueOf = (labels: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

/** What `>` and `<` compare; Kubernetes reads neither fractions nor exponents there, and no empty text. */
const integerOf = (text: string | undefined): number =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : NaN;

function toRequirement(groups: Readonly<Record<string, string | undefined>>): LabelSelector {
  const { absent, key = absent ?? '', set, values = '', operator, value = '' } = groups;
  if (!isLabelKey(key)) throw badRequest(`unable to parse requirement: "${key}" is no label's key`);
  const checked = (text: string): string => {
    if (isLabelValue(text)) return text;
    throw badRequest(`unable to parse requirement: "${text}" is no label's value`);
  };
  if (absent !== undefined) return (labels) => valueOf(labels, key) === undefined;
  if (set !== undefined) {
    const wanted = new Set(values.split(',').map((item) => checked(item.trim())));
    return (labels) => {
      const found = valueOf(labels, key);
      const isIn = found !== undefined && wanted.has(found);
      return set === 'in' ? isIn : !isIn;
    };
  }
  switch (operator) {
    case undefined:
      return (labels) => valueOf(labels, key) !== undefined;
    case '=':
    case '==': {
      checked(value);
      return (labels) => valueOf(labels, key) === value;
    }
    case '!=': {
      checked(value);
      return (labels) => valueOf(labels, key) !== value;
    }
    default: {
      const bound = integerOf(value);
      if (Number.isNaN(bound)) {
        throw badRequest(`unable to parse requirement: "${key} ${operator}" takes an integer`);
      }
      return (labels) => {
        const found = integerOf(valueOf(labels, key));
        return operator === '>' ? found > bound : found < bound;
      };
    }
  }
}

/** A label selector as kubectl writes it: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>3`. Throws 400. */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > lengthMax) throw badRequest('the label selector is too long');
  const requirements: LabelSelector[] = [];
  if (text.trim() === '') return () => true;
  requirement.lastIndex = 0;
  while (requirement.lastIndex < text.length) {
    const start = requirement.lastIndex;
    const match = requirement.exec(text);
    if (match?.groups === undefined) {
      throw badRequest(`unable to parse requirement: "${text.slice(start)}" in "${text}"`);
    }
    requirements.push(toRequirement(match.groups));
  }
  return (labels) => requirements.every((holds) => holds(labels));
}
