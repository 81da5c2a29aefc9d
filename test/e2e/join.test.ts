import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, lives, LocalCloud, p2pctl, run } from './local-cloud.ts';
import { bundleOf } from './certified-peer.ts';
import { RunningCommand } from './running-command.ts';
import type { Bundle } from '../../src/trust/bundle.ts';

const p2pcsd = resolve(import.meta.dirname, '../../bin/p2pcsd');

let cloud: LocalCloud;
let newcomer: RunningCommand | undefined;

before(async () => {
  cloud = await LocalCloud.up(3);
});

after(async () => {
  await newcomer?.stop('SIGKILL');
  await cloud?.down();
});

/** A port of loopback that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

async function bundleFor(name: string): Promise<string> {
  const file = join(cloud.home, `${name}.json`);
  const [listen, api] = [await freePort(), await freePort()];
  const args = ['add-peer', name, '-o', file, '--home', cloud.home];
  const ports = ['--listen', `127.0.0.1:${listen}`, '--api-port', String(api)];
  const { stdout } = await run(p2pctl, [...args, ...ports], { code: 0 });
  assert.match(stdout, new RegExp(`p2pcsd --bundle ${name}.json`));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  return file;
}

test('a daemon started from the bundle of add-peer joins, is seen by all and takes a place', async () => {
  const file = await bundleFor('desk7');
  // Below the cloud's folder, so that it goes with it.
  const home = join(cloud.home, 'elsewhere');
  newcomer = new RunningCommand(p2pcsd, ['--bundle', file, '--home', home]);
  for (const context of cloud.peers) {
    await eventually(`${context} sees desk7 alive`, async () => {
      const { stdout } = await cloud.ctl(
        ['get', 'peer', 'desk7', '-o', 'jsonpath={.status.state}'],
        { context },
      );
      return stdout === 'Alive' ? true : undefined;
    });
  }
  await cloud.ctl(['run-nodes', 'wide', '4']);
  const slice = await cloud.ready('wide', 4);
  assert.ok(slice.status.members.some(({ peer }) => peer === 'desk7'));
  await cloud.ringOf('wide', [...cloud.peers, 'desk7']);
  const own = ['--kubeconfig', join(home, 'kubeconfig'), 'get', 'slice', 'wide', '-o', 'name'];
  const seen = await run(p2pctl, own, { code: 0 });
  assert.equal(seen.stdout, 'slice.p2pcs.io/wide\n');
  await cloud.ctl(['delete', 'slice', 'wide']);
  assert.equal(await newcomer.stop('SIGTERM'), 0, newcomer.stderr);
  assert.doesNotMatch(newcomer.stdout, / ERROR /);
  await eventually('it is away, for it said so', async () => {
    const { stdout } = await cloud.ctl(['get', 'peer', 'desk7', '-o', 'jsonpath={.status.state}']);
    return stdout === 'Away' ? true : undefined;
  });
});

/** Starts a daemon that shall not stay; its exit code and what it said. */
async function refusedStart(...args: readonly string[]): Promise<string> {
  const daemon = new RunningCommand(p2pcsd, args);
  const timer = setTimeout(() => void daemon.stop('SIGKILL'), 20_000);
  const code = await daemon.ended;
  clearTimeout(timer);
  assert.equal(code, 1, `${daemon.stdout}\n${daemon.stderr}`);
  return daemon.stderr;
}

test('a second daemon on a home is refused, and the first does not notice', async () => {
  const home = join(cloud.home, 'node2');
  const pid = cloud.pid('node2');
  const said = await refusedStart('--home', home);
  assert.match(said, new RegExp(`a daemon of ${home} runs already, with pid ${pid}`));
  assert.equal(cloud.pid('node2'), pid);
  assert.ok(lives(pid));
  await cloud.ctl(['get', 'peers'], { context: 'node2' });
});

test('a port that is taken is named, and the daemon ends', async () => {
  for (const which of ['listen', 'api-port'] as const) {
    const file = await bundleFor(`busy-${which}`);
    const bundle = JSON.parse(readFileSync(file, 'utf8')) as Bundle;
    const listen = Number(/\/tcp\/(\d+)/.exec(bundle.listen[0] ?? '')?.[1]);
    const port = which === 'listen' ? listen : bundle.api.port;
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    try {
      const home = join(cloud.home, `home-of-${which}`);
      const said = await refusedStart('--bundle', file, '--home', home);
      assert.match(said, /^p2pcsd: cannot start: /m);
      assert.match(said, new RegExp(String(port)), which);
      assert.match(said, /in use|EADDRINUSE/, which);
      assert.ok(!readdirSync(home).includes('p2pcsd.pid'), 'no pid file is left');
    } finally {
      server.close();
    }
  }
});

test("no bundle, no home, another peer's home: each says what would help", async () => {
  const empty = join(cloud.home, 'empty');
  assert.match(await refusedStart('--home', empty), /add-peer NAME.*--bundle FILE/);
  const nothing = join(cloud.home, 'nothing.json');
  assert.match(
    await refusedStart('--home', empty, '--bundle', nothing),
    /cannot read the bundle .*nothing\.json/,
  );
  const file = await bundleFor('desk9');
  assert.match(
    await refusedStart('--home', join(cloud.home, 'elsewhere'), '--bundle', file),
    /is the home of desk7 .* is of desk9; give --home another folder/,
  );
});

test('a damaged database is put aside, that is said, and the records come back from other peers', async () => {
  await cloud.ctl(['run-nodes', 'kept', '1']);
  await cloud.ready('kept', 1);
  const victim = 'node3';
  await eventually('node3 knows it', () =>
    cloud.ctl(['get', 'slice', 'kept'], { context: victim }),
  );
  const pid = cloud.pid(victim);
  cloud.kill(victim, 'SIGTERM');
  await eventually('node3 has stopped', async () => (lives(pid) ? undefined : true));
  const data = join(cloud.home, victim, 'data');
  const file = join(data, 'p2pcs.db');
  const { size } = statSync(file);
  assert.ok(size > 8192, `${size} bytes: the tables are in the file`);
  const handle = openSync(file, 'r+');
  // From the second page on: the header still says that it is a database.
  writeSync(handle, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
  closeSync(handle);
  await cloud.startNode(victim);
  const log = readFileSync(join(cloud.home, victim, 'p2pcsd.log'), 'utf8');
  assert.match(log, /ERROR .*database damaged: put aside/);
  const aside = readdirSync(data).filter((name) => name.includes('.damaged-'));
  assert.ok(aside.length > 0, readdirSync(data).join(' '));
  assert.match(log, new RegExp(aside[0] ?? '-'));
  await eventually('it has the slice again', () =>
    cloud.ctl(['get', 'slice', 'kept'], { context: victim }),
  );
  await eventually('it sees all peers', async () => {
    const { stdout } = await cloud.ctl(['get', 'peers', '-o', 'name'], { context: victim });
    return [...cloud.peers, 'desk7'].every((peer) => stdout.includes(`/${peer}\n`))
      ? true
      : undefined;
  });
  await cloud.ctl(['run-nodes', 'again', '2'], { context: victim });
  const again = await cloud.ready('again', 2);
  const kept = await cloud.ready('kept', 1);
  const places = [...again.status.members, ...kept.status.members].map(({ peer }) => peer);
  assert.deepEqual(places.sort(), [...cloud.peers], 'its claims are believed as before');
  assert.equal(bundleOf(cloud.home, victim).peer.name, victim);
});
