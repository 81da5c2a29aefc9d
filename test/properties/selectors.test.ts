// What selects: label selectors of the API, and the constraints that decide who may join a slice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLabelSelector } from '../../src/api/label-selector.ts';
import { StatusError } from '../../src/objects/status-error.ts';
import { constraintMiss, mayNotJoin } from '../../src/reconcilers/slice/eligibility.ts';
import { aPeer, aSlice } from '../reconcilers/slice/objects.ts';
import type { MatchExpression } from '../../src/objects/kinds/slice.ts';

fc.configureGlobal({ seed: 20 });

// Names that every object has are labels like any other, or none.
const key = fc.constantFrom<string[]>('a', 'b', 'x.io/c', 'constructor', 'toString');
const value = fc.constantFrom<string[]>(
  '',
  '0',
  '1',
  '2',
  '10',
  '1.5',
  '1e3',
  '0x10',
  'one',
  'A-b_c.d',
);
const labels = fc.dictionary(key, value, { maxKeys: 4 });
const gap = fc.constantFrom('', ' ', '  ');

interface Requirement {
  readonly text: string;
  readonly holds: (labels: Readonly<Record<string, string>>) => boolean;
}

const integer = (text: string | undefined): number =>
  text !== undefined && /^-?\d+$/.test(text) ? Number(text) : NaN;

/** One requirement as kubectl writes it, and what it means, said as plainly as possible. */
const requirement: fc.Arbitrary<Requirement> = fc
  .record({
    operator: fc.constantFrom('=', '==', '!=', 'in', 'notin', 'exists', '!', '>', '<'),
    key,
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
    bound: fc.integer({ min: -2, max: 11 }),
    gap,
  })
  .map(({ operator, key: name, values, bound, gap: space }) => {
    const wanted = values[0] ?? '';
    const read = (all: Readonly<Record<string, string>>): string | undefined =>
      new Map(Object.entries(all)).get(name);
    const set = `${name} ${operator} (${values.join(`,${space}`)})`;
    switch (operator) {
      case 'exists':
        return { text: `${space}${name}`, holds: (all) => read(all) !== undefined };
      case '!':
        return { text: `!${space}${name}`, holds: (all) => read(all) === undefined };
      case 'in':
        return { text: set, holds: (all) => values.includes(read(all) ?? '\n') };
      case 'notin':
        return { text: set, holds: (all) => !values.includes(read(all) ?? '\n') };
      case '!=':
        return { text: `${name}${space}!=${space}${wanted}`, holds: (all) => read(all) !== wanted };
      case '>':
        return {
          text: `${name}${space}>${space}${bound}`,
          holds: (all) => integer(read(all)) > bound,
        };
      case '<':
        return {
          text: `${name}${space}<${space}${bound}`,
          holds: (all) => integer(read(all)) < bound,
        };
      default:
        return {
          text: `${name}${space}${operator}${space}${wanted}`,
          holds: (all) => read(all) === wanted,
        };
    }
  });

test('a label selector selects what its requirements say, one by one', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, gap, (all, given, space) => {
      const text = all.map((one) => one.text).join(`${space},`);
      const expected = all.every(({ holds }) => holds(given));
      assert.equal(
        parseLabelSelector(text)(given),
        expected,
        `${text} of ${JSON.stringify(given)}`,
      );
    }),
    { numRuns: 2000 },
  );
});

test('whatever is written as a label selector is one, or is a bad request', () => {
  const piece = fc.constantFrom(
    'a',
    'in',
    'notin',
    '(',
    ')',
    ',',
    '!',
    '=',
    '>',
    '<',
    ' ',
    '1',
    '/',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, labels, (written, given) => {
      try {
        assert.equal(typeof parseLabelSelector(written)(given), 'boolean');
      } catch (error) {
        assert.ok(error instanceof StatusError && error.reason === 'BadRequest', String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

const expression: fc.Arbitrary<MatchExpression> = fc
  .record({
    key: fc.oneof(key, fc.constantFrom('memory', 'cores')),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
    values: fc.array(fc.oneof(value, fc.constantFrom('8Gi', '8192Mi', '4')), { maxLength: 3 }),
  })
  .map(({ operator, values, ...rest }): MatchExpression => {
    const hasValues = operator !== 'Exists' && operator !== 'DoesNotExist';
    return { ...rest, operator, ...(hasValues && { values }) };
  });
const machine = fc
  .record({ labels, attributes: fc.constantFrom({}, { cores: '4', memory: '8Gi' }) })
  .map((own) => aPeer(1, own));
const fits = (peer: ReturnType<typeof aPeer>, all: readonly MatchExpression[]): boolean =>
  constraintMiss(peer, { matchExpressions: all }) === undefined;

test('constraints are a conjunction: order does not matter, and one more never lets a peer in', () => {
  fc.assert(
    fc.property(machine, fc.array(expression, { maxLength: 4 }), expression, (peer, all, more) => {
      const each = all.every((one) => fits(peer, [one]));
      assert.equal(fits(peer, all), each);
      assert.equal(fits(peer, all.toReversed()), each);
      assert.equal(fits(peer, [...all, more]), each && fits(peer, [more]));
      const where = { matchExpressions: all };
      const allow = { allowed: true, message: '' };
      assert.equal(mayNotJoin(aSlice({ size: 1, where }), peer, () => allow) === undefined, each);
    }),
    { numRuns: 2000 },
  );
});

test('each operator is the opposite of its opposite, and equality of labels is membership of one', () => {
  fc.assert(
    fc.property(machine, expression, value, (peer, { key: name, values = [] }, wanted) => {
      const is = (operator: MatchExpression['operator'], of: readonly string[] = values): boolean =>
        fits(peer, [{ key: name, operator, values: of }]);
      assert.notEqual(is('In'), is('NotIn'));
      assert.notEqual(is('Exists'), is('DoesNotExist'));
      assert.ok(!is('In') || is('Exists'));
      assert.ok(!is('Gt') || is('Exists'));
      assert.ok(!(is('Gt') && is('Lt')));
      const equal = constraintMiss(peer, { matchLabels: { [name]: wanted } }) === undefined;
      assert.equal(equal, is('In', [wanted]));
    }),
    { numRuns: 1000 },
  );
});
