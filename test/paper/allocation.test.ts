/**
 * O. Babaoglu, M. Marzolla, M. Tamburini, "Design and Implementation of a P2P Cloud System", UBLCS-2011-10, has a
 * slice's members taken from what an entry peer knows, without any criteria. To the letter two users get the same machine, and
 * machines that cannot do the work; claims that their own peers make do neither.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { drawSome } from '../../src/lib/draw.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { disorder, newCloud, seeds, template } from '../reconcilers/slice/scenarios.ts';

const peers = 12;
const size = 5;
const isFit = (at: number): boolean => at < 10;

it('two users who ask different peers at once get fit machines, each of them once', (t) => {
  let literalTwice = 0;
  let literalUnfit = 0;
  for (const seed of seeds(6)) {
    const random = new SeededRandom(`entry ${seed}`);
    const all = Array.from({ length: peers }, (_, at) => at);
    const [a, b] = [drawSome(all, size, random), drawSome(all, size, random)];
    literalTwice += a.filter((at) => b.includes(at)).length;
    literalUnfit += [...a, ...b].filter((at) => !isFit(at)).length;

    const labels = (at: number): Record<string, string> => ({ site: isFit(at) ? 'lab' : 'hall' });
    const cloud = newCloud({ seed, peers, loss: 0.1, labels });
    const spec = { size, template, where: { matchLabels: { site: 'lab' } } };
    const slices = [cloud.apply(cloud.peer(0), spec), cloud.apply(cloud.peer(7), spec)];
    cloud.run(5000);
    const held = slices.flatMap((uid) => cloud.held(uid).map(({ at }) => at));
    assert.equal(held.length, 2 * size, `seed ${seed}: both are whole`);
    assert.equal(new Set(held).size, held.length, `seed ${seed}: nobody twice`);
    assert.ok(held.every(isFit), `seed ${seed}: ${held.join()}`);
    assert.deepEqual(disorder(cloud), [], `seed ${seed}`);
  }
  t.diagnostic(
    `to the letter: ${literalTwice} machines given twice, ${literalUnfit} unfit, of ${6 * 2 * size}`,
  );
  assert.ok(literalTwice > 0 && literalUnfit > 0);
});
