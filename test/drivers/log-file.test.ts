import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LogFile } from '../../src/drivers/process/log-file.ts';

const limits = { fileBytesMax: 1000, filesMax: 3 };
let folder = '';
let path = '';
let log: LogFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2l-'));
  path = join(folder, 'log');
  log = new LogFile(path, limits);
});
afterEach(() => {
  log.destroy();
  rmSync(folder, { recursive: true, force: true });
});

async function text(tailLines?: number): Promise<string> {
  const options = { follow: false, signal: new AbortController().signal };
  const parts: Uint8Array[] = [];
  const wanted = tailLines === undefined ? options : { ...options, tailLines };
  for await (const part of log.read(wanted)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');

const bytes = (): number =>
  [path, `${path}.1`, `${path}.2`, `${path}.3`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

test('the last lines are found with and without a final newline', async () => {
  appendFileSync(path, 'a\n\nb\nc');
  assert.equal(await text(), 'a\n\nb\nc');
  assert.equal(await text(1), 'c');
  assert.equal(await text(2), 'b\nc');
  assert.equal(await text(3), '\nb\nc');
  assert.equal(await text(99), 'a\n\nb\nc');
  appendFileSync(path, '\n');
  assert.equal(await text(1), 'c\n');
  assert.equal(await text(0), '');
});

test('the last lines of a log far larger than one read are exact, also over rotations', async () => {
  const large = new LogFile(path, { fileBytesMax: 200_000, filesMax: 3 });
  for (let i = 0; i < 40; i++) {
    appendFileSync(path, lines(1000 * i, 1000 * (i + 1)));
    large.rotateWhenLarge();
  }
  const options = { follow: false, tailLines: 30_000, signal: new AbortController().signal };
  let read = '';
  for await (const part of large.read(options)) read += Buffer.from(part).toString();
  assert.ok(read === lines(10_000, 40_000), `${read.length} bytes from ${read.slice(0, 20)}`);
});

test('rotation keeps everything in order until the bound, and a log that grows stays below it', async () => {
  for (let i = 0; i < 20; i++) {
    appendFileSync(path, lines(10 * i, 10 * (i + 1)));
    log.rotateWhenLarge();
  }
  assert.ok(statSync(`${path}.1`).size > 0);
  assert.equal(await text(), lines(0, 200));
  for (let i = 0; i < 30; i++) {
    appendFileSync(path, `${'x'.repeat(600)}\n`);
    log.rotateWhenLarge();
    assert.ok(bytes() <= 3 * 2000 + 1000);
  }
  assert.match(await text(), /^(?:x*\n)+$/);
  assert.equal(await text(1), `${'x'.repeat(600)}\n`);
});

test('a flood between two looks keeps its tail', async () => {
  appendFileSync(path, lines(0, 5000));
  log.rotateWhenLarge();
  assert.ok(bytes() <= limits.fileBytesMax);
  assert.equal(await text(2), lines(4998, 5000));
});

test('a writer that appends notices nothing, and a follower reads each of its lines once', async () => {
  const script = 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done';
  const writer = spawn('sh', ['-c', `exec >>"${path}"; ${script}`], { stdio: 'ignore' });
  const ended = once(writer, 'exit');
  const rotating = setInterval(() => log.rotateWhenLarge(), 1);
  const abort = new AbortController();
  const seen: string[] = [];
  let rest = '';
  for await (const part of log.read({ follow: true, signal: abort.signal })) {
    const parts = (rest + Buffer.from(part).toString()).split('\n');
    rest = parts.pop() ?? '';
    seen.push(...parts);
    if (seen.at(-1) === 'line 2999') break;
  }
  clearInterval(rotating);
  await ended;
  // A busy machine may let more pass between two looks than is kept; order and single reading hold always.
  const numbers = seen.map((line) => Number(/^line (\d+)$/.exec(line)?.[1] ?? Number.NaN));
  const whole = numbers.filter((number) => !Number.isNaN(number));
  for (let i = 1; i < whole.length; i++) assert.ok((whole[i] ?? 0) > (whole[i - 1] ?? 0));
  assert.equal(whole.at(-1), 2999);
});

test('followers end when the log is destroyed, and with their own signal', async () => {
  const follow = async (signal: AbortSignal): Promise<void> => {
    for await (const part of log.read({ follow: true, signal })) assert.ok(part.length > 0);
  };
  const abort = new AbortController();
  const aborted = follow(abort.signal);
  const destroyed = follow(new AbortController().signal);
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  await aborted;
  log.destroy();
  await destroyed;
});
