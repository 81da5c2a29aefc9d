import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseGoal } from '../../src/cli/wait-goal.ts';
import type { ApiObject } from '../../src/objects/object.ts';

const object = (generation: number, observedGeneration: number, status: string): ApiObject =>
  ({
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Slice',
    metadata: { name: 'x', generation },
    status: {
      readyMembers: 4,
      members: [{ peer: 'node1' }],
      conditions: [
        { type: 'Ready', status, reason: 'Shortage', message: '4 of 5', observedGeneration },
      ],
    },
  }) as unknown as ApiObject;

const judge = (goal: string, state: ApiObject | undefined): boolean =>
  parseGoal(goal).judge(state).isReached;

test('a condition is met by its status, whatever the case', () => {
  assert.equal(judge('condition=Ready', object(1, 1, 'True')), true);
  assert.equal(judge('condition=ready', object(1, 1, 'True')), true);
  assert.equal(judge('condition=Ready=false', object(1, 1, 'False')), true);
  assert.equal(judge('condition=Ready', object(1, 1, 'False')), false);
});

test('a condition from before the last change is not met, and says why it is not', () => {
  const verdict = parseGoal('condition=Ready').judge(object(2, 1, 'True'));
  assert.equal(verdict.isReached, false);
  assert.match(verdict.now, /from before the last change \(Shortage: 4 of 5\)/);
});

test('a path is met by its value, or by being there', () => {
  const state = object(1, 1, 'True');
  assert.equal(judge("jsonpath='{.status.readyMembers}'=4".replaceAll("'", ''), state), true);
  assert.equal(judge('jsonpath={.status.readyMembers}=5', state), false);
  assert.equal(judge('jsonpath={.status.members[0].peer}', state), true);
  assert.equal(judge('jsonpath=.status.members[0].peer=node1', state), true);
  assert.equal(judge('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', state), true);
  assert.equal(judge('jsonpath={.status.nothing}', state), false);
  assert.equal(judge('jsonpath={.status.nothing}', undefined), false);
});

test('create and delete look at whether it exists', () => {
  assert.deepEqual(
    [judge('create', object(1, 1, 'True')), judge('create', undefined)],
    [true, false],
  );
  assert.deepEqual(
    [judge('delete', object(1, 1, 'True')), judge('delete', undefined)],
    [false, true],
  );
});

test('anything else is wrong use', () => {
  for (const goal of ['', 'Ready', 'condition', 'condition=', 'jsonpath={.a', 'foo=bar']) {
    assert.throws(() => parseGoal(goal), { exitCode: 2 }, goal);
  }
});
