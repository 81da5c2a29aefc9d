import type { Clock } from '../../../src/controller/clock.ts';
import { FakeDriver } from '../../../src/drivers/fake/fake-driver.ts';
import { FakeMachine } from '../../../src/drivers/fake/fake-machine.ts';
import type { DriverRig } from './rig.ts';

const clock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

export function fakeRig(): DriverRig {
  const machine = new FakeMachine(clock);
  return {
    open: () => new FakeDriver(machine),
    commands: {
      forever: ['sleep', 'infinity'],
      ignoreTerm: ['ignore-term'],
      missing: ['missing'],
      exit: (code) => ['exit', String(code)],
      print: (line) => ['echo', line],
    },
    kill: ({ id }) => machine.signal(id, 'SIGKILL'),
    async startAndCrash(request) {
      await new FakeDriver(machine).start(request);
    },
    async reboot() {
      machine.reboot();
    },
    countProcesses: () => machine.runningCount,
    async dispose() {
      for (const { id } of machine.list()) machine.forget(id);
    },
  };
}
