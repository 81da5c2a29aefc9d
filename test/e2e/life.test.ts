import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import {
  eventually,
  type InstanceJson,
  lives,
  LocalCloud,
  p2pctl,
  run,
  type SliceJson,
} from './local-cloud.ts';
import { RunningCommand } from './running-command.ts';

let cloud: LocalCloud;
const running: RunningCommand[] = [];

before(async () => {
  cloud = await LocalCloud.up(4, ['--owners', 'alice,bob']);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((command) => command.stop('SIGKILL')));
  const { stdout } = await cloud.ctl(['get', 'slices', '-o', 'name']);
  const names = stdout.split('\n').filter((name) => name !== '');
  if (names.length > 0) await cloud.ctl(['delete', ...names]);
});

after(async () => {
  await cloud?.down();
});

function start(args: readonly string[]): RunningCommand {
  const command = new RunningCommand(p2pctl, ['--kubeconfig', cloud.kubeconfig, ...args]);
  running.push(command);
  return command;
}

async function apply(name: string, spec: unknown, context = 'node1'): Promise<void> {
  const manifest = { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', metadata: { name }, spec };
  await cloud.ctl(['apply', '-f', '-'], { input: JSON.stringify(manifest), context });
}

function shell(script: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { spec: { driver: 'process', command: ['sh', '-c', script], ...more } };
}

/** The only instance of a slice, once `holds` does. */
function oneInstance(
  slice: string,
  promise: string,
  holds: (status: Status) => boolean,
): Promise<InstanceJson & { readonly status: Status }> {
  return eventually(`${slice}: ${promise}`, async () => {
    const [instance] = await cloud.instances(slice);
    const status = instance?.status as Status | undefined;
    if (instance !== undefined && status !== undefined && holds(status))
      return { ...instance, status };
    throw new Error(JSON.stringify(instance));
  });
}

type Status = InstanceJson['status'] & {
  readonly restarts: number;
  readonly exitCode?: number;
  readonly ports?: Readonly<Record<string, number>>;
};

function membersOf({ status }: SliceJson): readonly string[] {
  return status.members.map(({ peer }) => peer).sort();
}

/** Waits for a Shortage with so many ready members and these words. */
function shortage(name: string, ready: number, words: RegExp): Promise<SliceJson> {
  return eventually(`${name} is short with ${ready}`, async () => {
    const slice = await cloud.slice(name);
    const condition = slice.status.conditions.find(({ type }) => type === 'Ready');
    const { readyMembers } = slice.status;
    const matches = condition?.reason === 'Shortage' && words.test(condition.message);
    if (matches && condition.status === 'False' && readyMembers === ready) return slice;
    throw new Error(JSON.stringify(slice.status));
  });
}

test('logs of an instance come from whichever peer runs it, also live, until Ctrl-C', async () => {
  const go = join(cloud.home, 'go');
  await apply('talk', {
    size: 1,
    exclude: ['node1'],
    template: shell(
      `echo "first on $P2PCS_PEER"; while [ ! -e ${go} ]; do sleep 0.1; done; echo second; exec sleep infinity`,
    ),
  });
  const [peer = ''] = membersOf(await cloud.ready('talk', 1));
  const { stdout } = await cloud.ctl(['logs', `talk-${peer}`], { context: 'node1' });
  assert.equal(stdout, `first on ${peer}\n`);
  const follow = start(['--context', 'node1', 'logs', '-f', `talk-${peer}`]);
  await eventually('the first line is followed', async () =>
    follow.stdout.includes('first') ? true : undefined,
  );
  assert.doesNotMatch(follow.stdout, /second/);
  writeFileSync(go, '');
  await eventually('the second line comes as it is written', async () =>
    follow.stdout === `first on ${peer}\nsecond\n` ? true : undefined,
  );
  assert.equal(await follow.stop('SIGINT'), 0, 'Ctrl-C is how it ends well');
  assert.equal(follow.stderr, '');
  const last = await cloud.ctl(['logs', '--tail', '1', `talk-${peer}`], { context: 'node1' });
  assert.equal(last.stdout, 'second\n');
  for (const context of ['bob@node1', `bob@${peer}`]) {
    for (const flags of [[], ['-f']]) {
      const words = ['logs', '-n', 'default', ...flags, `talk-${peer}`];
      const refused = await cloud.ctl(words, { context, code: 4 });
      assert.match(refused.stderr, /bob may not read the log/);
      assert.equal(refused.stdout, '');
    }
  }
});

test('ports are allocated and told; ready is what the readiness command says', async () => {
  const healthy = join(cloud.home, 'healthy');
  await apply('served', {
    size: 1,
    template: shell('echo "port $P2PCS_PORT_HTTP"; exec sleep infinity', {
      ports: [{ name: 'http' }],
      readiness: { exec: { command: ['test', '-e', healthy] }, periodSeconds: 1 },
    }),
  });
  const { metadata, status } = await oneInstance(
    'served',
    'runs and is not ready',
    ({ state, ready }) => state === 'Running' && ready === false,
  );
  const port = status.ports?.['http'] ?? 0;
  assert.ok(port > 1023 && port < 65_536, String(port));
  await eventually('its log tells the same port', async () => {
    const { stdout } = await cloud.ctl(['logs', metadata.name]);
    return stdout === `port ${port}\n` ? true : undefined;
  });
  const before = await cloud.slice('served');
  assert.deepEqual([before.status.heldMembers, before.status.readyMembers], [1, 0]);
  writeFileSync(healthy, '');
  await cloud.ready('served', 1);
  rmSync(healthy);
  const after = await oneInstance('served', 'is unready again', ({ ready }) => ready === false);
  assert.equal(after.status.pid, status.pid, 'an unready instance is left running');
});

test('an edited template replaces one instance at a time', async () => {
  const template = (version: string): unknown =>
    shell(`echo ${version}; exec sleep infinity`, {
      readiness: { exec: { command: ['true'] }, periodSeconds: 1, initialDelaySeconds: 1 },
    });
  await apply('rolling', { size: 3, template: template('v1') });
  await cloud.ready('rolling', 3);
  const before = await cloud.instances('rolling');
  const watch = start(['get', 'slice', 'rolling', '-w', '-o', 'json']);
  await eventually('the watch has begun', async () => (watch.stdout === '' ? undefined : true));
  await apply('rolling', { size: 3, template: template('v2') }, 'node2');
  const after = await eventually('all three are new and ready', async () => {
    const now = await cloud.instances('rolling');
    const isNew = now.every(
      ({ status }) => status.ready === true && !before.some((old) => old.status.pid === status.pid),
    );
    return isNew && now.length === 3 ? now : undefined;
  });
  const places = (instances: readonly InstanceJson[]): readonly string[] =>
    instances.map(({ status, spec }) => `${status.peer} ${spec.index}`).sort();
  assert.deepEqual(places(after), places(before), 'each kept its place and index');
  for (const { metadata } of after) {
    const { stdout } = await cloud.ctl(['logs', '--tail', '1', metadata.name]);
    assert.equal(stdout, 'v2\n');
  }
  await cloud.ready('rolling', 3);
  await watch.stop('SIGINT');
  const seen = documentsOf(watch.stdout).map(({ status }) => status.readyMembers);
  assert.ok(
    seen.every((ready) => ready >= 2),
    `ready at each moment: ${seen.join(' ')}`,
  );
  assert.ok(seen.includes(2), `the watch saw the replacement: ${seen.join(' ')}`);
});

/** JSON documents one after the other, each pretty-printed from the first column. */
function documentsOf(text: string): readonly SliceJson[] {
  return text
    .split(/^(?=\{$)/m)
    .filter((part) => part.trim() !== '')
    .map((part) => JSON.parse(part) as SliceJson);
}

test('what ends by itself is treated as its restartPolicy says', async () => {
  const file = join(cloud.home, 'once');
  await Promise.all([
    apply('never', { size: 1, template: shell('exit 3', { restartPolicy: 'Never' }) }),
    apply('failing', {
      size: 1,
      template: shell(`[ -e ${file} ] && exit 0; touch ${file}; exit 5`, {
        restartPolicy: 'OnFailure',
      }),
    }),
    apply('done', { size: 1, template: shell('exit 0', { restartPolicy: 'OnFailure' }) }),
  ]);
  const never = await oneInstance('never', 'has failed', ({ state }) => state === 'Failed');
  assert.deepEqual([never.status.exitCode, never.status.restarts], [3, 0]);
  const retried = await oneInstance('failing', 'succeeds', ({ state }) => state === 'Succeeded');
  assert.deepEqual([retried.status.exitCode, retried.status.restarts], [0, 1]);
  const done = await oneInstance('done', 'has succeeded', ({ state }) => state === 'Succeeded');
  assert.deepEqual([done.status.exitCode, done.status.restarts], [0, 0]);
  for (const [name, reason] of [
    ['never', 'Failed'],
    ['done', 'Completed'],
  ] as const) {
    await eventually(`${name} says ${reason}`, async () => {
      const { status } = await cloud.slice(name);
      return status.conditions.find(({ type }) => type === 'Ready')?.reason === reason
        ? true
        : undefined;
    });
  }
});

test('an instance that is killed is started again, and that is counted', async () => {
  await apply('hit', { size: 1, template: shell('exec sleep infinity') });
  await cloud.ready('hit', 1);
  const first = await oneInstance('hit', 'runs', ({ state }) => state === 'Running');
  const pid = first.status.pid ?? -1;
  process.kill(pid, 'SIGKILL');
  const second = await oneInstance(
    'hit',
    'runs again',
    ({ state, ready, pid: now }) => state === 'Running' && ready === true && now !== pid,
  );
  assert.equal(second.status.restarts, 1);
  assert.equal(second.status.peer, first.status.peer);
  assert.ok(lives(second.status.pid ?? -1));
  await cloud.ready('hit', 1);
});

test('without a template peers are reserved and nothing runs; exclude keeps a peer out', async () => {
  await apply('reserved', { size: 3, exclude: ['node2'] });
  const slice = await cloud.ready('reserved', 3);
  assert.deepEqual(membersOf(slice), ['node1', 'node3', 'node4']);
  assert.deepEqual(await cloud.instances('reserved'), []);
  await apply('reserved', { size: 3, exclude: ['node3'] });
  await eventually('the newly excluded leaves and the other comes', async () =>
    membersOf(await cloud.slice('reserved')).join(' ') === 'node1 node2 node4' ? true : undefined,
  );
});

test('percent is of the live peers, and is not scaled by hand', async () => {
  await apply('half', { percent: 50 });
  assert.equal((await cloud.ready('half', 2)).status.desiredMembers, 2);
  await apply('tenth', { percent: 10 });
  await cloud.ready('tenth', 1);
  for (const flag of ['--size', '--replicas']) {
    const refused = await cloud.ctl(['scale', 'slice/tenth', flag, '3'], { code: 1 });
    const said = 'sized by percent: 10; patch spec.percent or set size';
    assert.ok(refused.stderr.includes(said), refused.stderr);
  }
  assert.equal((await cloud.slice('tenth')).status.desiredMembers, 1);
});

test('where compares quantities, and says what is lacking', async () => {
  const where = (quantity: string): unknown => ({
    matchExpressions: [{ key: 'memory', operator: 'Gt', values: [quantity] }],
  });
  await apply('modest', { size: 2, where: where('64Mi') });
  await cloud.ready('modest', 2);
  await apply('greedy', { size: 2, where: where('900Ti') });
  await shortage('greedy', 0, /memory is \d+Mi, wants Gt 900Ti on .*node/);
});

test('topPercent takes the best of those that fit and calls the rest a shortage', async () => {
  const by = [{ attribute: 'cpuScore', weight: 2 }, { attribute: 'memory' }];
  await apply('best', { size: 3, rank: { by, topPercent: 50 } });
  const slice = await shortage('best', 2, /below topPercent/);
  const explained = await cloud.json<{ peers: { peer: string; in: boolean; reasons: string[] }[] }>(
    ['explain-placement', 'best'],
  );
  const inside = explained.peers.filter((verdict) => verdict.in).map(({ peer }) => peer);
  assert.deepEqual(inside.sort(), membersOf(slice));
});

test('describe-instances tells slice, neighbours and work of a peer', async () => {
  await cloud.ctl(['run-nodes', 'shown', '2']);
  const [one = '', two = ''] = membersOf(await cloud.ready('shown', 2));
  await cloud.ringOf('shown', [one, two]);
  const [instance] = (await cloud.instances('shown')).filter(({ status }) => status.peer === one);
  await eventually('the neighbours are written', async () => {
    const { stdout } = await cloud.ctl(['describe-instances', one], { context: two });
    assert.match(stdout, new RegExp(`^Peer: +${one}, Alive, of alice$`, 'm'));
    assert.match(stdout, /^Slice: +shown \(namespace default\), member \d, Ready$/m);
    assert.match(stdout, new RegExp(`^Predecessor: +${two}\nSuccessor: +${two}$`, 'm'));
    const line = `^Instance: +shown-${one}, Running, pid ${instance?.status.pid}$`;
    assert.match(stdout, new RegExp(line, 'm'));
    return true;
  });
  const idle = cloud.peers.find((peer) => peer !== one && peer !== two) ?? '';
  assert.match((await cloud.ctl(['describe-instances', idle])).stdout, /^Slice: +none$/m);
});

test('monitor-instances prints the size of the cloud and ends through unmonitor-instances', async () => {
  const monitor = start(['monitor-instances']);
  await eventually('it prints the size', async () =>
    /^\d\d:\d\d:\d\d {2}4 peers, \d free, /m.test(monitor.stdout) ? true : undefined,
  );
  const ended = await cloud.ctl(['unmonitor-instances']);
  assert.equal(ended.stdout, '1 monitor ended\n');
  assert.equal(await monitor.ended, 0);
  assert.equal((await cloud.ctl(['unmonitor-instances'])).stdout, 'no monitor was running\n');
});

test('down ends every instance when it is asked to', async () => {
  await cloud.ctl(['run-nodes', 'last', '2']);
  await cloud.ready('last', 2);
  const pids = (await cloud.instances('last')).map(({ status }) => status.pid ?? -1);
  await run(p2pctl, ['down', '--home', cloud.home, '--instances'], { code: 0 });
  for (const pid of pids) assert.equal(lives(pid), false);
  assert.ok(existsSync(cloud.kubeconfig), 'and leaves the cloud itself');
  await cloud.restart();
  await cloud.ready('last', 2);
});
