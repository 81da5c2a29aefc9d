import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Disk } from '../../src/daemon/disk/disk.ts';

const home = mkdtempSync(join(tmpdir(), 'p2pcs-disk-'));
after(() => rmSync(home, { recursive: true }));

const hash = (n: number): string => n.toString(16).padStart(64, '0');
const record = (n: number) => ({ hash: hash(n), bytes: Uint8Array.of(n & 255, 1, 2, 3) });

test('what was committed is there after the process was killed', () => {
  const path = join(home, 'killed.db');
  const disk = new URL('../../src/daemon/disk/disk.ts', import.meta.url);
  const script = `
    import { Disk } from ${JSON.stringify(disk.href)};
    const disk = Disk.open(${JSON.stringify(path)});
    const boot = disk.incrementBoot();
    await Promise.all([
      disk.commit([{ hash: '${hash(1)}', bytes: Uint8Array.of(1) }]),
      disk.commit([{ hash: '${hash(2)}', bytes: Uint8Array.of(2) }], ['${hash(1)}']),
      disk.putMeta('clock', '5,1'),
    ]);
    console.log(boot);
    process.kill(process.pid, 'SIGKILL');
  `;
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(child.signal, 'SIGKILL', child.stderr);
  const reopened = Disk.open(path);
  assert.deepEqual([...reopened.load()], [Uint8Array.of(2)]);
  assert.equal(reopened.meta('clock'), '5,1');
  assert.equal(reopened.incrementBoot(), Number(child.stdout) + 1);
  reopened.close();
});

test('writes are applied in the order they were asked for, in one group or several', async () => {
  const disk = Disk.open(join(home, 'order.db'));
  void disk.commit([record(1), record(2)]);
  await disk.commit([], [hash(1)]);
  await disk.commit([record(3)], [hash(2)]);
  void disk.commit([], [hash(3)]);
  await disk.commit([record(3)]);
  assert.deepEqual([...disk.load()], [record(3).bytes]);
  disk.close();
});

test('facts are seen at once, found by prefix, and forgotten when told', async () => {
  const path = join(home, 'meta.db');
  const disk = Disk.open(path);
  void disk.putMeta('generation/a', '1');
  void disk.putMeta('generation/b', '2');
  void disk.putMeta('other', 'x');
  assert.equal(disk.meta('generation/a'), '1');
  await disk.putMeta('generation/a', undefined);
  assert.deepEqual([...disk.metaUnder('generation/')], [['generation/b', '2']]);
  disk.close();
  const reopened = Disk.open(path);
  assert.equal(reopened.meta('generation/a'), undefined);
  assert.equal(reopened.meta('other'), 'x');
  reopened.close();
});

test('only its owner may read the file', () => {
  const path = join(home, 'private.db');
  const disk = Disk.open(path);
  for (const name of readdirSync(home).filter((each) => each.startsWith('private.db'))) {
    assert.equal(statSync(join(home, name)).mode & 0o077, 0, name);
  }
  disk.close();
});

test('a second daemon cannot open a home that is in use, and can when it is not', () => {
  const path = join(home, 'shared.db');
  const disk = Disk.open(path);
  const module = new URL('../../src/daemon/disk/disk.ts', import.meta.url);
  const script = `
    import { Disk } from ${JSON.stringify(module.href)};
    try { Disk.open(${JSON.stringify(path)}).close(); console.log('opened'); }
    catch (error) { console.log(error.message); }
  `;
  const attempt = () =>
    spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    }).stdout.trim();
  assert.match(attempt(), /cannot open .*shared\.db: another daemon uses this home; stop it/);
  assert.throws(() => Disk.open(path), /another daemon uses this home/);
  disk.close();
  assert.equal(attempt(), 'opened');
});

test('a damaged file is set aside, said so, and an empty one takes its place', async () => {
  const path = join(home, 'damaged.db');
  const disk = Disk.open(path);
  const before = disk.incrementBoot();
  await disk.commit(
    Array.from({ length: 500 }, (_, n) => ({ hash: hash(n), bytes: new Uint8Array(1000).fill(n) })),
  );
  disk.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096, bytes.length);
  writeFileSync(path, bytes);
  const reopened = Disk.open(path);
  assert.match(reopened.damaged?.movedTo ?? '', /damaged\.db\.damaged-\d{8}T\d{6}Z$/);
  assert.ok(statSync(reopened.damaged?.movedTo ?? '').size >= bytes.length);
  assert.notEqual(reopened.damaged?.reason, '');
  assert.deepEqual([...reopened.load()], []);
  assert.ok(reopened.incrementBoot() >= before);
  reopened.close();
  writeFileSync(path, 'this was never a database');
  const third = Disk.open(path);
  assert.ok(third.damaged);
  third.close();
});

test('a file of a newer release is left alone', () => {
  const path = join(home, 'newer.db');
  Disk.open(path).close();
  const raw = new DatabaseSync(path);
  raw.exec('PRAGMA user_version = 2');
  raw.close();
  assert.throws(() => Disk.open(path), /a newer release wrote it \(format 2, this one reads 1\)/);
});

test('a group that the disk refuses is reported to everyone in it, and the next is written', async () => {
  const disk = Disk.open(join(home, 'refused.db'));
  const unfit = { hash: hash(9), bytes: 'no bytes' as unknown as Uint8Array };
  Object.defineProperty(unfit, 'bytes', { value: { toString: () => 'x' } });
  const together = await Promise.allSettled([disk.commit([record(1)]), disk.commit([unfit])]);
  assert.deepEqual(
    together.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.deepEqual([...disk.load()], []);
  await disk.commit([record(2)]);
  assert.deepEqual([...disk.load()], [record(2).bytes]);
  disk.close();
  assert.throws(() => disk.commit([record(3)]), /the disk is closed/);
});
