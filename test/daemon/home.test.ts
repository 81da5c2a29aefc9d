import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { homeAt, openHome, removePid, writePid } from '../../src/daemon/home.ts';

const root = mkdtempSync(join(tmpdir(), 'p2pcs-home-'));
after(() => rmSync(root, { recursive: true }));

function bundle(name: string): string {
  const file = join(root, `${name}.json`);
  const api = { host: '127.0.0.1', port: 1, clients: [] };
  const peer = { name, peerId: `id-of-${name}`, privateKey: '' };
  const parts = { owners: [], listen: [], bootstrap: [], api };
  writeFileSync(
    file,
    JSON.stringify({ version: 1, cloud: { id: 'c', rootKey: '' }, peer, ...parts }),
  );
  return file;
}

test('a bundle is taken in once, readable by its owner only, and found again', () => {
  const home = homeAt(join(root, 'a'));
  assert.equal(openHome(home, bundle('desk1')).peer.name, 'desk1');
  assert.equal(statSync(home.bundle).mode & 0o777, 0o600);
  assert.equal(openHome(home).peer.name, 'desk1');
});

test("another peer's bundle does not take over a home", () => {
  const home = homeAt(join(root, 'b'));
  openHome(home, bundle('desk1'));
  assert.throws(
    () => openHome(home, bundle('desk2')),
    /is the home of desk1 .* give --home another folder/,
  );
});

test('no bundle, a damaged one and something else are told apart', () => {
  assert.throws(() => openHome(homeAt(join(root, 'c'))), /p2pctl add-peer NAME/);
  const damaged = join(root, 'damaged.json');
  writeFileSync(damaged, '{"version":');
  assert.throws(() => openHome(homeAt(join(root, 'd')), damaged), /is not a bundle/);
  writeFileSync(damaged, '{"version":2}');
  assert.throws(() => openHome(homeAt(join(root, 'e')), damaged), /not a bundle of version 1/);
});

test('a stale pid file is no obstacle, and is removed by its writer only', () => {
  const home = homeAt(join(root, 'f'));
  openHome(home, bundle('desk1'));
  writeFileSync(home.pid, '1\n');
  removePid(home);
  assert.ok(statSync(home.pid).isFile(), 'it names another process');
  writePid(home);
  removePid(home);
  assert.throws(() => statSync(home.pid));
});
