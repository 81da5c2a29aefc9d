import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RolloutMember, rolloutBlocker } from '../../../src/reconcilers/instance/rollout.ts';
import { input, place, planOf, work } from './plan-world.ts';

const member = (index: number, more: Partial<RolloutMember> = {}): RolloutMember => ({
  peer: `peer${index}`,
  index,
  live: true,
  templateHash: 'new',
  done: true,
  ...more,
});
const me = { peer: 'me', index: 2 };

test('mine is next when all before me are Ready with the new template, whatever those behind do', () => {
  const behind = member(3, { templateHash: 'old', done: false });
  assert.equal(rolloutBlocker([member(0), member(1), behind], me, 'new'), undefined);
  assert.equal(rolloutBlocker([], me, 'new'), undefined);
});

test('a member before me that is old, not Ready or has no instance yet is waited for', () => {
  const { templateHash: _, ...nothing } = member(0, { done: false });
  for (const waited of [member(0, { templateHash: 'old' }), member(0, { done: false }), nothing]) {
    assert.equal(rolloutBlocker([member(1), waited], me, 'new'), waited);
  }
});

test('a dead member does not block', () => {
  assert.equal(rolloutBlocker([member(0, { live: false, done: false })], me, 'new'), undefined);
});

test('of two with one index only one goes', () => {
  const other = member(2, { peer: 'alpha', templateHash: 'old' });
  assert.equal(rolloutBlocker([other], me, 'new'), other);
  assert.equal(
    rolloutBlocker([{ ...me, live: true, templateHash: 'old', done: true }], { ...other }, 'new'),
    undefined,
  );
});

test('the plan says for whom a running instance waits, and replaces it when it is next', () => {
  const at = place({ templateHash: 'new', members: [member(0), member(1, { done: false })] });
  const waiting = planOf(input([at], [work()]));
  assert.equal(waiting?.action, undefined);
  assert.equal(waiting?.status?.reason, 'AwaitingRollout');
  assert.match(waiting?.status?.message ?? '', /peer1 \(index 1\)/);
  const next = planOf(
    input([place({ templateHash: 'new', members: [member(0), member(1)] })], [work()]),
  );
  assert.equal(next?.action?.type, 'stop');
});

test('with records that arrive late and in any order, at most one member is away at a time and all get there', () => {
  const steps = fc.array(fc.record({ peer: fc.nat(4), from: fc.nat(4) }), {
    minLength: 200,
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), steps, (size, moves) => {
      // What each is, and what each knows of each: an older state of it.
      const states = Array.from({ length: size }, () => ['old ready']);
      const known = Array.from({ length: size }, () => states.map(() => 0));
      const move = (self: number): void => {
        const history = states[self] ?? [];
        const state = history.at(-1);
        if (state === 'away') history.push('new starting');
        else if (state === 'new starting') history.push('new ready');
        else if (state === 'old ready') {
          const members = states.map((past, index): RolloutMember => {
            const seen = past[known[self]?.[index] ?? 0] ?? '';
            const hash = seen.startsWith('new') ? 'new' : 'old';
            return member(index, { templateHash: hash, done: seen.endsWith(' ready') });
          });
          const mine = { peer: `peer${self}`, index: self };
          if (rolloutBlocker(members, mine, 'new') === undefined) history.push('away');
        }
      };
      const learn = (self: number, from: number): void => {
        const row = known[self];
        const past = states[from];
        if (row === undefined || past === undefined) return;
        row[from] = Math.min((row[from] ?? 0) + 1, past.length - 1);
      };
      const check = (): void => {
        const away = states.filter((past) => ['away', 'new starting'].includes(past.at(-1) ?? ''));
        assert.ok(away.length <= 1, `${away.length} members are away at once`);
      };
      for (const { peer, from } of moves) {
        if (from % 2 === 0) move(peer % size);
        else learn(peer % size, from % size);
        check();
      }
      for (let round = 0; round < 10 * size; round++) {
        for (let self = 0; self < size; self++) {
          for (let from = 0; from < size; from++) learn(self, from);
          move(self);
          check();
        }
      }
      assert.ok(states.every((past) => past.at(-1) === 'new ready'));
    }),
    { numRuns: 200 },
  );
});
