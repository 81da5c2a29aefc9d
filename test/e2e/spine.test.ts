import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, lives, LocalCloud, ringProblem, run, workOf } from './local-cloud.ts';

let cloud: LocalCloud;

before(async () => {
  cloud = await LocalCloud.up(10);
});

after(async () => {
  await cloud.down();
});

const kubectl = ['/usr/bin/kubectl', '/usr/local/bin/kubectl'].find((file) => existsSync(file));

test('a slice of five, asked for on node3, is five members, one ring and five processes', async () => {
  await cloud.ctl(['run-nodes', '--peer', 'node3', 'my-sub-cloud', '5']);
  const slice = await cloud.ready('my-sub-cloud', 5);
  const members = slice.status.members.map((member) => member.peer);
  await cloud.ringOf('my-sub-cloud', members);
  const instances = await cloud.instances('my-sub-cloud');
  assert.deepEqual(instances.map((instance) => instance.status.peer).sort(), [...members].sort());
  assert.deepEqual(
    instances.map((instance) => instance.spec.index).sort((a, b) => a - b),
    [0, 1, 2, 3, 4],
  );
  const pids = instances.map((instance) => instance.status.pid ?? -1);
  assert.equal(new Set(pids).size, 5);
  for (const pid of pids) assert.ok(lives(pid), `process ${pid} runs`);
});

test('the same members and the same ring are seen from every peer', async () => {
  const expected = (await cloud.slice('my-sub-cloud')).status.members.map((member) => member.peer);
  for (const peer of cloud.peers) {
    await eventually(`${peer} sees it`, async () => {
      const slice = await cloud.slice('my-sub-cloud', peer);
      const ring = await cloud.json<Parameters<typeof ringProblem>[0]>(
        ['ring', 'my-sub-cloud'],
        peer,
      );
      assert.deepEqual(
        slice.status.members.map((member) => member.peer),
        expected,
      );
      assert.equal(ringProblem(ring, expected), undefined);
      return true;
    });
  }
});

test(
  'the real kubectl sees them too',
  { skip: kubectl === undefined && 'needs kubectl' },
  async () => {
    const env = { KUBECONFIG: cloud.kubeconfig };
    const { stdout } = await run(
      kubectl ?? '',
      ['get', 'slice', 'my-sub-cloud', '-o', 'jsonpath={.status.members[*].peer}'],
      { code: 0, env },
    );
    const expected = (await cloud.slice('my-sub-cloud')).status.members.map(
      (member) => member.peer,
    );
    assert.deepEqual(stdout.split(' '), expected);
    const table = await run(kubectl ?? '', ['get', 'peers,slices,instances,claims'], {
      code: 0,
      env,
    });
    assert.match(table.stdout, /node10/);
    await run(
      kubectl ?? '',
      ['wait', '--for=condition=Ready', 'slice/my-sub-cloud', '--timeout=20s'],
      {
        code: 0,
        env,
      },
    );
  },
);

test("terminate-nodes leaves the ring of the other four (the paper's Figure 6)", async () => {
  const before = (await cloud.slice('my-sub-cloud')).status.members.map((member) => member.peer);
  const gone = before[1] ?? '';
  const kept = before.filter((peer) => peer !== gone);
  const pidsBefore = new Map(
    (await cloud.instances('my-sub-cloud')).map(({ status }) => [status.peer, status.pid]),
  );
  await cloud.ctl(['terminate-nodes', 'my-sub-cloud', gone]);
  const slice = await cloud.ready('my-sub-cloud', 4);
  assert.deepEqual(slice.status.members.map((member) => member.peer).sort(), [...kept].sort());
  await cloud.ringOf('my-sub-cloud', kept);
  for (const { status } of await cloud.instances('my-sub-cloud')) {
    assert.equal(status.pid, pidsBefore.get(status.peer), `${status.peer}'s work was left alone`);
  }
  assert.equal(lives(pidsBefore.get(gone) ?? -1), false);
});

test('SIGKILL of a member closes the ring, the place is refilled, and the returning daemon stops its old work', async () => {
  await cloud.ctl(['add-new-nodes', 'my-sub-cloud', '1']);
  const before = (await cloud.ready('my-sub-cloud', 5)).status.members.map((member) => member.peer);
  await cloud.ringOf('my-sub-cloud', before);
  const victim = before.find((peer) => peer !== 'node1') ?? '';
  const orphan = (await cloud.instances('my-sub-cloud')).find(
    ({ status }) => status.peer === victim,
  )?.status.pid;
  cloud.kill(victim);
  const after = await eventually('the place is refilled', async () => {
    const { status } = await cloud.slice('my-sub-cloud');
    const members = status.members.map((member) => member.peer);
    return status.readyMembers === 5 && !members.includes(victim) ? members : undefined;
  });
  await cloud.ringOf('my-sub-cloud', after);
  assert.ok(lives(orphan ?? -1), 'the work of a killed daemon outlives it');
  await cloud.startNode(victim);
  await eventually('the returned daemon stops the work whose place is taken', async () =>
    lives(orphan ?? -1) ? undefined : true,
  );
  const final = await cloud.ready('my-sub-cloud', 5);
  assert.deepEqual(final.status.members.map((member) => member.peer).sort(), [...after].sort());
  assert.equal((await workOf(cloud.home, 'my-sub-cloud')).length, 5, 'nothing runs twice');
});

test('a daemon that is killed and back within replaceAfter keeps its place and its running work', async () => {
  await cloud.ctl(['scale', 'slice/my-sub-cloud', '--size', '0']);
  await cloud.ready('my-sub-cloud', 0);
  await cloud.ctl(['apply', '-f', '-'], {
    input: [
      'apiVersion: p2pcs.io/v1alpha1',
      'kind: Slice',
      'metadata: {name: patient}',
      'spec:',
      '  size: 3',
      '  replaceAfter: 60s',
      '  template: {spec: {driver: process, command: [sleep, infinity]}}',
    ].join('\n'),
  });
  const before = await cloud.ready('patient', 3);
  const victim =
    before.status.members.map(({ peer }) => peer).find((peer) => peer !== 'node1') ?? '';
  const pid = (await cloud.instances('patient')).find(({ status }) => status.peer === victim)
    ?.status.pid;
  cloud.kill(victim);
  await cloud.startNode(victim);
  const after = await cloud.ready('patient', 3);
  assert.ok(after.status.members.some(({ peer }) => peer === victim));
  assert.ok(lives(pid ?? -1));
  const adopted = await eventually('its instance is shown with the same pid', async () =>
    (await cloud.instances('patient')).find(
      ({ status }) => status.peer === victim && status.state === 'Running' && status.pid === pid,
    ),
  );
  assert.ok(adopted);
});

test('down and up again: state survives, work runs on, nothing runs twice', async () => {
  const before = await cloud.instances('patient');
  await run(new URL('../../bin/p2pctl', import.meta.url).pathname, ['down', '--home', cloud.home], {
    code: 0,
  });
  for (const { status } of before)
    assert.ok(lives(status.pid ?? -1), 'instances outlive their daemons');
  await cloud.restart();
  await cloud.ready('patient', 3);
  const after = await cloud.instances('patient');
  assert.deepEqual(
    after.map(({ status }) => `${status.peer} ${status.pid}`).sort(),
    before.map(({ status }) => `${status.peer} ${status.pid}`).sort(),
  );
  assert.equal((await workOf(cloud.home, 'patient')).length, 3);
});
