import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';

import { drawRing } from '../../src/cli/output/ring.ts';
import { ringOrder } from '../../src/cli/output/ring-order.ts';
import type { Ring, RingMember } from '../../src/cli/output/ring-order.ts';

const canvas = { columns: 80, unicode: true, paint: (_: string, text: string): string => text };

/** A closed ring of node1…nodeN in the order of their numbers. */
function ringOf(
  count: number,
  change: (member: RingMember) => RingMember = (member) => member,
): Ring {
  const name = (at: number): string => `node${((at + count) % count) + 1}`;
  const members = Array.from({ length: count }, (_, at) =>
    change({
      peer: name(at),
      index: at,
      state: 'Ready',
      predecessor: name(at - 1),
      successor: name(at + 1),
    }),
  );
  return { slice: 'structures', namespace: 'default', members, closed: true, problems: [] };
}

test('five members are a loop, both neighbours agreeing everywhere', () => {
  assert.equal(
    drawRing(ringOf(5), canvas),
    `structures: 5 members, the ring is closed

     ╭─────────╮        ╭─────────╮        ╭─────────╮
  ╭─▶│ node1   │◀──────▶│ node2   │◀──────▶│ node3   │◀─╮
  │  │ 0 Ready │        │ 1 Ready │        │ 2 Ready │  │
  │  ╰─────────╯        ╰─────────╯        ╰─────────╯  │
  │           ╭─────────╮        ╭─────────╮            │
  ╰──────────▶│ node5   │◀──────▶│ node4   │◀───────────╯
              │ 4 Ready │        │ 3 Ready │
              ╰─────────╯        ╰─────────╯
`,
  );
});

test('a narrow terminal folds the loop, and ASCII draws it too', () => {
  assert.equal(
    drawRing(ringOf(4), { ...canvas, columns: 30, unicode: false }),
    `structures: 4 members, the ring is closed

       +---------+
  +--->| node1   |<-+
  |    | 0 Ready |  |
  |    +---------+  |
  |    +---------+  |
  | +->| node2   |<-+
  | |  | 1 Ready |
  | |  +---------+
  | |  +---------+
  | +->| node3   |<-+
  |    | 2 Ready |  |
  |    +---------+  |
  |    +---------+  |
  +--->| node4   |<-+
       | 3 Ready |
       +---------+
`,
  );
});

test('an arrow has a head only where somebody says so; a gap has a cross; the silent are named', () => {
  const ring = ringOf(4, (member) => {
    if (member.peer === 'node1') return { ...member, successor: 'node9' };
    if (member.peer === 'node3') return { ...member, successor: 'node9' };
    if (member.peer === 'node4') return { ...member, predecessor: 'node9', answered: false };
    return member;
  });
  assert.equal(
    drawRing({ ...ring, closed: false, problems: ['node4 is silent'] }, canvas),
    `structures: 4 members, the ring is not closed

     ╭──────────╮        ╭──────────╮
  ╭─▶│ node1    │◀───────│ node2    │◀─╮
  │  │ 0 Ready  │        │ 1 Ready  │  │
  │  ╰──────────╯        ╰──────────╯  │
  │  ╭──────────╮        ╭──────────╮  │
  ╰─▶│ node4    │───╳────│ node3    │◀─╯
     │ 3 silent │        │ 2 Ready  │
     ╰──────────╯        ╰──────────╯

  ! node4 is silent
`,
  );
});

test('nobody, one alone and a hundred have their own words', () => {
  assert.equal(
    drawRing({ ...ringOf(0), closed: false }, canvas),
    'structures: 0 members\n\n  nobody is in it\n',
  );
  assert.match(
    drawRing(ringOf(1), canvas),
    /1 member, the ring is closed\n\n +0 {2}node1 <-> node1 {2}Ready\n/,
  );
  assert.equal(drawRing(ringOf(100), canvas).split('\n').length, 103);
});

test('every drawing fits the terminal and shows each member once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.integer({ min: 40, max: 200 }),
      (count, columns) => {
        const text = drawRing(ringOf(count), { ...canvas, columns });
        const lines = text.split('\n').slice(1);
        assert.ok(lines.every((line) => Array.from(line).length <= columns));
        for (let at = 1; at <= count; at++)
          assert.equal(text.split(`│ node${at} `).length, 2, `node${at}`);
        // A closed ring has two heads a member, one at each end of each arrow.
        assert.equal(text.split(/[◀▶]/).length - 1, 2 * count);
      },
    ),
  );
});

test('the order follows the successors and loses nobody', () => {
  const shuffled = ringOf(6).members.toReversed();
  assert.deepEqual(
    ringOrder(shuffled).map(({ peer }) => peer),
    ['node1', 'node2', 'node3', 'node4', 'node5', 'node6'],
  );
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 10 }),
      (successors) => {
        const members = successors.map((successor, index) => ({
          peer: `node${index}`,
          index,
          state: 'Ready',
          successor: `node${successor}`,
        }));
        assert.deepEqual(new Set(ringOrder(members)), new Set(members));
        assert.equal(ringOrder(members).length, members.length);
      },
    ),
  );
});
