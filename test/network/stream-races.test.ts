import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const module = new URL('../../src/network/stream-races.ts', import.meta.url).href;

/** Runs a program that contains stream races, then fails as `failure` says where nobody catches it. */
function run(failure: string): {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
} {
  const program = `
    const { containStreamRaces } = await import(${JSON.stringify(module)});
    const log = (message, { error }) => console.log(message + ': ' + error.message);
    const release = containStreamRaces({ debug: log, info: log, warn: log, error: log });
    setTimeout(() => { console.log('lived on'); release(); }, 100);
    const stream = (message) => Object.assign(new Error(message), { name: 'StreamStateError' });
    ${failure}
  `;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  return { code: status, out: stdout, err: stderr };
}

test('an uncaught race of a closing stream is logged and the process lives on', () => {
  for (const failure of [
    `setImmediate(() => { throw stream('cannot write') });`,
    `Promise.reject(stream('cannot write'));`,
  ]) {
    const { code, out } = run(failure);
    assert.equal(code, 0);
    assert.equal(out, 'libp2p lost track of a closing stream: cannot write\nlived on\n');
  }
});

test('any other uncaught error ends the process, as it would without us', () => {
  for (const failure of [
    `setImmediate(() => { throw new TypeError('a bug of ours') });`,
    `Promise.reject(new TypeError('a bug of ours'));`,
  ]) {
    const { code, out, err } = run(failure);
    assert.notEqual(code, 0);
    assert.equal(out, '');
    assert.match(err, /a bug of ours/);
  }
});
