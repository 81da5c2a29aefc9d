// Numbers that people write and read: quantities and durations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/lib/duration.ts';
import { formatBytes, parseQuantity } from '../../src/lib/quantity.ts';

fc.configureGlobal({ seed: 21 });

const suffixes = [
  'n',
  'u',
  'm',
  '',
  'k',
  'M',
  'G',
  'T',
  'P',
  'E',
  'Ki',
  'Mi',
  'Gi',
  'Ti',
  'Pi',
  'Ei',
];
const decimalPowers = [-9, -6, -3, 0, 3, 6, 9, 12, 15, 18];

interface Written {
  readonly text: string;
  /** The number times 10^12, exactly. */
  readonly exact: bigint;
}

/** `1.25Mi` and such, with its exact value. */
const quantity: fc.Arbitrary<Written> = fc
  .tuple(
    fc.integer({ min: -9_999_999, max: 9_999_999 }),
    fc.integer({ min: 0, max: 3 }),
    fc.nat(suffixes.length - 1),
  )
  .map(([digits, decimals, at]) => {
    const power = decimalPowers[at];
    const unit =
      power === undefined
        ? 1024n ** BigInt(at - decimalPowers.length + 1) * 10n ** 12n
        : 10n ** BigInt(power + 12);
    const text = `${(digits / 10 ** decimals).toFixed(decimals)}${suffixes[at]}`;
    return { text, exact: (BigInt(digits) * unit) / 10n ** BigInt(decimals) };
  });

test('quantities are ordered as the exact numbers they stand for', () => {
  fc.assert(
    fc.property(quantity, quantity, (left, right) => {
      const [a, b] = [parseQuantity(left.text), parseQuantity(right.text)];
      assert.ok(a !== undefined && b !== undefined, `${left.text} ${right.text}`);
      // Two that differ by less than a double tells may be equal, never the wrong way round.
      if (left.exact < right.exact) assert.ok(a <= b, `${left.text} <= ${right.text}`);
      if (left.exact === right.exact) {
        assert.ok(Math.abs(a - b) <= Math.abs(a) * 2 ** -51, `${left.text} = ${right.text}`);
      }
      assert.ok(Math.abs(a - Number(left.exact) / 1e12) <= Math.abs(a) * 2 ** -50);
    }),
    { numRuns: 3000 },
  );
});

test('any text is a finite quantity or none', () => {
  const piece = fc.constantFrom(
    '1',
    '0',
    '9',
    '.',
    '-',
    '+',
    'e',
    'E',
    'K',
    'i',
    'm',
    'G',
    ' ',
    '٣',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      const value = parseQuantity(written);
      assert.ok(value === undefined || Number.isFinite(value), `${written} is ${value}`);
      const duration = parseDuration(written);
      assert.ok(duration === undefined || duration >= 0, `${written} lasts ${duration}`);
    }),
    { numRuns: 5000 },
  );
});

test('printed bytes read back as about the same number, in the same order', () => {
  const bytes = fc.oneof(fc.nat(2000), fc.nat(2 ** 31 - 1), fc.maxSafeNat());
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      const [a, b] = [left, right].map((count) => parseQuantity(formatBytes(count)));
      assert.ok(a !== undefined && b !== undefined);
      assert.ok(Math.abs(a - left) <= 0.05 * left, `${left} prints ${formatBytes(left)}`);
      if (left <= right) assert.ok(a <= b, `${formatBytes(left)} <= ${formatBytes(right)}`);
    }),
    { numRuns: 3000 },
  );
});

test('a printed duration reads back as the same time', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(100_000), fc.nat(10_000_000_000)), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
    }),
    { numRuns: 2000 },
  );
});
