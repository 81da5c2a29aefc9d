import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Driver, DriverInstance, InstanceRequest } from '../../../src/drivers/driver.ts';
import { drivers } from '../../../src/drivers/registry.ts';
import { fakeRig } from './fake-rig.ts';
import { processRig } from './process-rig.ts';
import type { DriverRig } from './rig.ts';

const rigs: Readonly<Record<string, () => DriverRig>> = { process: processRig, fake: fakeRig };

test('every registered driver is put through this suite', () => {
  assert.deepEqual(Object.keys(rigs).toSorted(), Object.keys(drivers).toSorted());
});

for (const [name, makeRig] of Object.entries(rigs))
  describe(`the ${name} driver`, () => suite(makeRig));

function suite(makeRig: () => DriverRig): void {
  let rig: DriverRig;
  let driver: Driver;
  let count = 0;
  const newId = (): string => `test-${count++}`;

  before(() => {
    rig = makeRig();
    driver = rig.open();
  });
  after(async () => {
    await driver.close();
    await rig.dispose();
  });

  const request = (
    command: readonly string[],
    more: Partial<InstanceRequest> = {},
  ): InstanceRequest => ({
    id: newId(),
    template: { command },
    env: {},
    templateHash: 'h1',
    labels: { slice: 's' },
    ...more,
  });

  const find = async (id: string, from: Driver = driver): Promise<DriverInstance | undefined> =>
    (await from.list()).find((instance) => instance.id === id);

  /** The exited instance; the suite's own time limit is the only one. */
  const exited = async (id: string, from: Driver = driver): Promise<DriverInstance> => {
    for (;;) {
      const instance = await find(id, from);
      if (instance?.state === 'exited') return instance;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  /** A daemon's restart without its end being noticed by the work. */
  const restartDaemon = async (): Promise<void> => {
    await driver.close();
    driver = rig.open();
  };

  const logText = async (id: string, tailLines?: number): Promise<string> => {
    const parts: Uint8Array[] = [];
    const options = { follow: false, signal: new AbortController().signal };
    const lines = tailLines === undefined ? options : { ...options, tailLines };
    for await (const part of driver.logs(id, lines)) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  test('is healthy here and starts with nothing', async () => {
    assert.equal((await driver.health()).healthy, true);
    assert.deepEqual(await driver.list(), []);
  });

  test('a started instance runs, carries its labels and hash, and is listed once', async () => {
    const wanted = request(rig.commands.forever, { labels: { slice: 'a', n: '3' } });
    const started = await driver.start(wanted);
    assert.equal(started.state, 'running');
    assert.ok(started.pid !== undefined && started.pid > 0);
    assert.ok(!Number.isNaN(Date.parse(started.startedAt ?? '')));
    const listed = (await driver.list()).filter(({ id }) => id === wanted.id);
    assert.deepEqual(listed, [started]);
    assert.deepEqual(listed[0]?.labels, { slice: 'a', n: '3' });
    assert.equal(listed[0]?.templateHash, 'h1');
    await driver.destroy(wanted.id);
  });

  test('starting what runs changes nothing, also when asked twice at once', async () => {
    const wanted = request(rig.commands.forever);
    const before = rig.countProcesses();
    const [first, second] = await Promise.all([driver.start(wanted), driver.start(wanted)]);
    const third = await driver.start(wanted);
    assert.equal(second.pid, first.pid);
    assert.equal(third.pid, first.pid);
    assert.equal(rig.countProcesses(), before + 1);
    await driver.destroy(wanted.id);
    assert.equal(rig.countProcesses(), before);
  });

  test('stopping and destroying what is stopped, gone or unknown succeeds', async () => {
    const wanted = request(rig.commands.forever);
    await driver.start(wanted);
    await driver.stop(wanted.id, { graceMs: 1000 });
    await driver.stop(wanted.id, { graceMs: 1000 });
    assert.equal((await find(wanted.id))?.state, 'exited');
    await driver.destroy(wanted.id);
    await driver.destroy(wanted.id);
    await driver.stop(wanted.id, { graceMs: 1000 });
    await driver.stop('never-seen', { graceMs: 0 });
    assert.equal(await find(wanted.id), undefined);
  });

  test('the exit code is told', async () => {
    for (const code of [0, 3, 100]) {
      const wanted = request(rig.commands.exit(code));
      await driver.start(wanted);
      const instance = await exited(wanted.id);
      assert.deepEqual(instance.exit, { code });
      assert.equal(instance.pid, undefined);
      await driver.destroy(wanted.id);
    }
  });

  test('a SIGKILL of the pid on show ends the instance, and the signal is told', async () => {
    const wanted = request(rig.commands.forever);
    rig.kill(await driver.start(wanted));
    assert.deepEqual((await exited(wanted.id)).exit, { code: 137, signal: 'SIGKILL' });
    await driver.destroy(wanted.id);
  });

  test('a change is called out when an instance ends by itself', async () => {
    const wanted = request(rig.commands.forever);
    const started = await driver.start(wanted);
    const told = new Promise<void>((resolve) => {
      const unsubscribe = driver.onChange(() => {
        void find(wanted.id).then((instance) => {
          if (instance?.state !== 'exited') return;
          unsubscribe();
          resolve();
        });
      });
    });
    rig.kill(started);
    await told;
    await driver.destroy(wanted.id);
  });

  test('an exited instance starts again as another process, with the new request', async () => {
    const wanted = request(rig.commands.forever);
    const first = await driver.start(wanted);
    await driver.stop(wanted.id, { graceMs: 1000 });
    const second = await driver.start({ ...wanted, templateHash: 'h2', labels: { slice: 'b' } });
    assert.notEqual(second.pid, first.pid);
    assert.equal(second.state, 'running');
    assert.equal(second.exit, undefined);
    assert.equal(second.templateHash, 'h2');
    assert.deepEqual((await find(wanted.id))?.labels, { slice: 'b' });
    await driver.destroy(wanted.id);
  });

  test('a polite stop is a SIGTERM; what ignores it is forced, with all its children', async () => {
    const before = rig.countProcesses();
    const polite = request(rig.commands.forever);
    await driver.start(polite);
    await driver.stop(polite.id, { graceMs: 60_000 });
    assert.deepEqual((await exited(polite.id)).exit, { code: 143, signal: 'SIGTERM' });

    const stubborn = request(rig.commands.ignoreTerm);
    await driver.start(stubborn);
    // A shell needs a moment until it ignores the signal.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await driver.stop(stubborn.id, { graceMs: 150 });
    assert.deepEqual((await exited(stubborn.id)).exit, { code: 137, signal: 'SIGKILL' });
    assert.equal(rig.countProcesses(), before);
    await driver.destroy(polite.id);
    await driver.destroy(stubborn.id);
  });

  test('what is destroyed while it runs leaves nothing behind', async () => {
    const before = rig.countProcesses();
    const wanted = request(rig.commands.ignoreTerm);
    await driver.start(wanted);
    await driver.destroy(wanted.id);
    assert.equal(rig.countProcesses(), before);
    assert.equal(await find(wanted.id), undefined);
  });

  test('ports are allocated by name, differ, and stay over a restart of the instance', async () => {
    const ports = [{ name: 'http' }, { name: 'grpc-web' }];
    const wanted = request([], { template: { command: rig.commands.forever, ports } });
    const { ports: given } = await driver.start(wanted);
    assert.deepEqual(Object.keys(given).toSorted(), ['grpc-web', 'http']);
    assert.notEqual(given['http'], given['grpc-web']);
    for (const port of Object.values(given)) assert.ok(port > 1023 && port < 65_536);
    await driver.stop(wanted.id, { graceMs: 1000 });
    assert.deepEqual((await driver.start(wanted)).ports, given);
    await driver.destroy(wanted.id);
  });

  test('the log is kept over a restart of the instance and can be read from its end', async () => {
    const wanted = request(rig.commands.print('first'));
    await driver.start(wanted);
    while (!(await logText(wanted.id)).includes('first')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await driver.stop(wanted.id, { graceMs: 1000 });
    await driver.start({ ...wanted, template: { command: rig.commands.print('second') } });
    while (!(await logText(wanted.id)).includes('second')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(await logText(wanted.id), 'first\nsecond\n');
    assert.equal(await logText(wanted.id, 1), 'second\n');
    assert.equal(await logText(wanted.id, 0), '');
    await driver.destroy(wanted.id);
  });

  test('a followed log goes on over a restart and ends with the instance', async () => {
    const wanted = request(rig.commands.print('one'));
    await driver.start(wanted);
    let text = '';
    let woken = (): void => undefined;
    const following = (async () => {
      const options = { follow: true, signal: new AbortController().signal };
      for await (const part of driver.logs(wanted.id, options)) {
        text += Buffer.from(part).toString();
        woken();
      }
    })();
    const until = async (expected: string): Promise<void> => {
      while (text !== expected) await new Promise<void>((resolve) => (woken = resolve));
    };
    await until('one\n');
    await driver.stop(wanted.id, { graceMs: 1000 });
    await driver.start({ ...wanted, template: { command: rig.commands.print('two') } });
    await until('one\ntwo\n');
    await driver.destroy(wanted.id);
    await following;
  });

  test('a follower that has seen enough is let go at once', async () => {
    const wanted = request(rig.commands.forever);
    await driver.start(wanted);
    const abort = new AbortController();
    const following = (async () => {
      for await (const part of driver.logs(wanted.id, { follow: true, signal: abort.signal })) {
        assert.fail(`nothing was printed, but ${Buffer.from(part).toString()} came`);
      }
    })();
    setImmediate(() => abort.abort());
    await following;
    await driver.destroy(wanted.id);
  });

  test('a readiness command answers with its exit code', async () => {
    const wanted = request(rig.commands.forever);
    await driver.start(wanted);
    assert.deepEqual(await driver.exec(wanted.id, ['true'], 10_000), { code: 0 });
    assert.deepEqual(await driver.exec(wanted.id, ['false'], 10_000), { code: 1 });
    await driver.destroy(wanted.id);
    await assert.rejects(driver.exec(wanted.id, ['true'], 10_000), /no such instance/);
  });

  test('a missing program is said in words, and nothing is left of the try', async () => {
    const wanted = request(rig.commands.missing);
    await assert.rejects(
      driver.start(wanted),
      /cannot start instance test-\d+: this peer has no program/,
    );
    assert.equal(await find(wanted.id), undefined);
  });

  test('work outlives a daemon killed by SIGKILL and is adopted as the same process', async () => {
    const wanted = request(rig.commands.forever, { labels: { slice: 'kept' } });
    const before = rig.countProcesses();
    await driver.close();
    await rig.startAndCrash(wanted);
    assert.equal(rig.countProcesses(), before + 1);
    driver = rig.open();
    const adopted = await find(wanted.id);
    assert.equal(adopted?.state, 'running');
    assert.deepEqual(adopted?.labels, { slice: 'kept' });
    assert.equal((await driver.start(wanted)).pid, adopted?.pid);
    assert.equal(rig.countProcesses(), before + 1);
    assert.ok(adopted !== undefined);
    rig.kill(adopted);
    assert.deepEqual((await exited(wanted.id)).exit, { code: 137, signal: 'SIGKILL' });
    await driver.destroy(wanted.id);
  });

  test('an exit while no daemon runs is known to the next one, and is not run again', async () => {
    const wanted = request(rig.commands.forever);
    const started = await driver.start(wanted);
    await driver.close();
    const before = rig.countProcesses();
    rig.kill(started);
    while (rig.countProcesses() === before) await new Promise((resolve) => setTimeout(resolve, 5));
    driver = rig.open();
    assert.deepEqual((await exited(wanted.id)).exit, { code: 137, signal: 'SIGKILL' });
    assert.equal(rig.countProcesses(), before - 1);
    await driver.destroy(wanted.id);
  });

  test('what runs can be stopped by a daemon that did not start it', async () => {
    const wanted = request(rig.commands.ignoreTerm);
    const before = rig.countProcesses();
    await driver.start(wanted);
    await restartDaemon();
    await driver.stop(wanted.id, { graceMs: 50 });
    assert.equal(rig.countProcesses(), before);
    await driver.destroy(wanted.id);
  });

  test('after a restart of the machine nothing runs, and an exit that nobody saw has no status', async () => {
    const ended = request(rig.commands.exit(7));
    await driver.start(ended);
    await exited(ended.id);
    const wanted = request(rig.commands.forever);
    const first = await driver.start(wanted);
    await driver.close();
    await rig.reboot();
    driver = rig.open();
    assert.equal((await find(ended.id))?.exit?.code, 7);
    const found = await find(wanted.id);
    assert.equal(found?.state, 'exited');
    assert.equal(found?.pid, undefined);
    assert.equal(found?.exit?.code, undefined);
    assert.equal(found?.exit?.reason, 'HostRestarted');
    const again = await driver.start(wanted);
    assert.equal(again.state, 'running');
    assert.notEqual(again.pid, first.pid);
    await driver.destroy(wanted.id);
    await driver.destroy(ended.id);
  });

  test('a hostile id is refused everywhere and touches nothing', async () => {
    const before = rig.countProcesses();
    for (const id of ['../up', '/etc', 'a/b', '', '.', 'UP', 'a b', 'a\0', 'a\n', 'x'.repeat(64)]) {
      await assert.rejects(
        driver.start(request(rig.commands.forever, { id })),
        /refused instance id/,
      );
      await assert.rejects(driver.stop(id, { graceMs: 0 }), /refused instance id/);
      await assert.rejects(driver.destroy(id), /refused instance id/);
      await assert.rejects(driver.exec(id, ['true'], 100), /refused instance id/);
    }
    assert.equal(rig.countProcesses(), before);
    assert.deepEqual(await driver.list(), []);
  });

  test('labels over 4 KiB, no command and impossible variables are refused', async () => {
    const { forever } = rig.commands;
    const refused: readonly (readonly [Partial<InstanceRequest>, RegExp])[] = [
      [{ labels: { big: 'x'.repeat(4096) } }, /labels/],
      [{ template: { command: [] } }, /no command/],
      [{ template: { command: ['a\0b'] } }, /zero byte/],
      [{ env: { 'A=B': '1' } }, /environment variable/],
      [{ template: { command: forever, ports: [{ name: 'HTTP' }] } }, /no port name/],
    ];
    for (const [more, why] of refused) {
      await assert.rejects(driver.start(request(forever, more)), why);
    }
    assert.deepEqual(await driver.list(), []);
  });
}
