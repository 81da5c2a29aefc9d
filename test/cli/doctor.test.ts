import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer } from 'node:net';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

import { CloudFolder } from '../../src/cli/local-cloud/cloud-folder.ts';
import { LocalCloud } from '../../src/cli/local-cloud/local-cloud.ts';
import {
  checkMachine,
  judgeClock,
  judgeDescriptors,
  judgeDisk,
  judgeNode,
} from '../../src/cli/doctor/check-machine.ts';
import { p2pctl } from './run-p2pctl.ts';

let root = '';
let folder: CloudFolder;
let cloud: LocalCloud;
before(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'p2pcs-doctor-')));
  folder = new CloudFolder(join(root, '.p2pcs'));
  cloud = LocalCloud.ensure(folder, ['alice']);
  await cloud.ensurePeers([{ name: 'node1' }, { name: 'node2' }]);
});
after(() => rmSync(root, { recursive: true }));

test('what is too old, too little or too early is bad, and says what to do', () => {
  assert.equal(judgeNode('24.1.0').verdict, 'good');
  assert.match(judgeNode('18.19.0').help ?? '', /22 or newer/);
  assert.equal(judgeDisk(5 * 2 ** 30, '/').verdict, 'good');
  assert.equal(judgeDisk(500 * 2 ** 20, '/').verdict, 'warning');
  assert.equal(judgeDisk(2 ** 20, '/').verdict, 'bad');
  const limits = (soft: string): string => `Max open files            ${soft}   4096   files\n`;
  assert.equal(judgeDescriptors(limits('1024')).verdict, 'good');
  assert.equal(judgeDescriptors(limits('unlimited')).verdict, 'good');
  assert.equal(judgeDescriptors(limits('256')).verdict, 'bad');
  const made = '2026-05-01T00:00:00.000Z';
  assert.equal(judgeClock(Date.parse(made) + 1, made, false).verdict, 'good');
  assert.equal(judgeClock(Date.parse(made) - 1, made, true).verdict, 'bad');
});

test('peers that are down are named, and a port that another program took', async () => {
  const { apiPort } = cloud.peers[1]!;
  const thief = createServer();
  await new Promise<void>((done) => void thief.listen(apiPort, '127.0.0.1', done));
  try {
    const findings = await checkMachine(folder);
    const of = (name: string) => findings.find((finding) => finding.name === name);
    assert.equal(of('daemons')?.found, '0 of 2 run; down: node1, node2');
    assert.deepEqual(
      [of('ports')?.verdict, of('ports')?.found],
      ['bad', `taken by other programs: ${apiPort} of node2`],
    );
    const { code, out } = await p2pctl(['doctor', '-o', 'json'], { cwd: root });
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as { healthy: boolean }).healthy, false);
  } finally {
    await new Promise((done) => thief.close(done));
  }
  const { out } = await p2pctl(['doctor'], { cwd: root });
  assert.match(out, /^. ports +those of peers that are down are free$/m);
  assert.match(out, /^! daemons +0 of 2 run; down: node1, node2\n +start them: p2pctl up --home /m);
});
