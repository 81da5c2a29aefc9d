import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClaimSpec } from '../../../src/objects/kinds/claim.ts';
import type { PeerId, Uid } from '../../../src/objects/ids.ts';
import type { SlicePorts } from '../../../src/reconcilers/slice/ports.ts';
import type { WorkState } from '../../../src/reconcilers/slice/world.ts';
import { SeededRandom } from '../../../src/lib/seeded-random.ts';
import { SliceReconciler } from '../../../src/reconcilers/slice/reconciler.ts';
import { VirtualClock } from '../../controller/virtual-clock.ts';
import { aClaim, aMembership, aPeer, aSlice } from './objects.ts';

/** One daemon's ports over plain memory; writes take a while and can fail. */
class Daemon implements SlicePorts {
  readonly clock = new VirtualClock();
  readonly calls: string[] = [];
  readonly workStates: Map<Uid, WorkState> = new Map();
  claims: ClaimSpec[] = [];
  slices = [aSlice({ size: 1 })];
  failWrites = 0;
  failures = 0;
  writing = 0;
  answers = 2;
  readonly reconciler: SliceReconciler;

  constructor() {
    this.reconciler = new SliceReconciler({
      ports: this,
      clock: this.clock,
      random: new SeededRandom('daemon'),
      reports: { failed: () => (this.failures += 1), terminal: () => undefined },
    });
  }

  world(): ReturnType<SlicePorts['world']> {
    const self = 'peer1' as PeerId;
    return {
      me: {
        id: self,
        name: 'node1' as never,
        owner: 'alice' as never,
        boot: 1,
        incarnation: 0,
        synced: true,
        syncingSinceMs: 0,
      },
      slices: this.slices,
      isGone: () => false,
      claims: this.claims.map((spec) => ({ namespace: 'default', spec })),
      membership: aMembership(self, [1, 2, 3]),
      peers: [1, 2, 3].map((at) => aPeer(at)),
      policy: () => ({ allowed: true, message: '' }),
      neighbours: ['peer2', 'peer3'] as PeerId[],
      work: this.workStates,
    };
  }

  async writeClaim(_namespace: string, claim: ClaimSpec): Promise<void> {
    this.writing += 1;
    assert.equal(this.writing, 1, 'never two writes at once');
    await new Promise<void>((resolve) => this.clock.after(5, resolve));
    this.writing -= 1;
    if (this.failWrites > 0) {
      this.failWrites -= 1;
      throw new Error('disk full');
    }
    this.calls.push(`write ${claim.state} ${claim.revision}`);
    this.claims = [...this.claims.filter(({ peerId }) => peerId !== claim.peerId), claim];
  }

  sendClaim(to: readonly PeerId[]): void {
    this.calls.push(`send ${to.join()}`);
  }

  async readClaims(
    peers: readonly PeerId[],
    _slice: Uid,
    timeoutMs: number,
    enough: number,
  ): Promise<number> {
    this.calls.push(`read ${peers.toSorted().join()} ${timeoutMs} ${enough}`);
    await new Promise<void>((resolve) => this.clock.after(10, resolve));
    return this.answers;
  }

  readonly overlay = {
    enter: (_slice: Uid, contacts: readonly PeerId[]): void =>
      void this.calls.push(['enter', ...contacts].join(' ')),
    leave: (): void => void this.calls.push('leave'),
  };
  readonly work = {
    start: (slice: Uid): void => {
      this.calls.push('start');
      this.workStates.set(slice, 'running');
    },
    stop: (slice: Uid): void => {
      this.calls.push('stop');
      this.workStates.set(slice, 'stopping');
      this.clock.after(30, () => {
        this.workStates.delete(slice);
        this.reconciler.changed();
      });
    },
  };
  event(): void {
    // Events are for people; what they say is tested with the plan.
  }
}

test('offers, settles, reads, holds, starts the work and enters the ring, in this order', async () => {
  const daemon = new Daemon();
  daemon.reconciler.start();
  await daemon.clock.advance(1000);
  assert.deepEqual(daemon.calls, [
    'write Offered 1',
    'read peer2,peer3 120 2',
    'write Held 2',
    'start',
    'enter',
  ]);
  await daemon.reconciler.stop();
});

test('leaves with its work first, and releases only when that has stopped', async () => {
  const daemon = new Daemon();
  daemon.reconciler.start();
  await daemon.clock.advance(1000);
  daemon.calls.length = 0;
  daemon.slices = [aSlice({ size: 0 })];
  daemon.reconciler.changed();
  await daemon.clock.advance(20);
  assert.deepEqual(daemon.calls, ['write Held 3', 'stop']);
  assert.equal(daemon.claims[0]?.leaving, true);
  await daemon.clock.advance(1000);
  assert.deepEqual(daemon.calls, ['write Held 3', 'stop', 'write Released 4', 'leave']);
  await daemon.reconciler.stop();
});

test('a write that fails is tried again, and nothing is done that it should have preceded', async () => {
  const daemon = new Daemon();
  daemon.failWrites = 3;
  daemon.reconciler.start();
  await daemon.clock.advance(150);
  assert.deepEqual(daemon.calls, ['write Offered 1']);
  assert.equal(daemon.failures, 3);
  daemon.failWrites = 2;
  await daemon.clock.advance(2000);
  assert.deepEqual(daemon.calls.slice(-3), ['write Held 2', 'start', 'enter']);
  await daemon.reconciler.stop();
});

test('a store that loses what was written is a failure, not a loop', async () => {
  const daemon = new Daemon();
  const write = daemon.writeClaim.bind(daemon);
  let writes = 0;
  daemon.writeClaim = async (namespace, claim): Promise<void> => {
    writes += 1;
    const before = daemon.claims;
    await write(namespace, claim);
    daemon.claims = before;
  };
  daemon.reconciler.start();
  await daemon.clock.advance(1000);
  // Each volunteering draws its jitter anew, and each failure waits at least 5 ms.
  assert.ok(writes > 1 && writes < 80, `${writes} writes`);
  assert.ok(daemon.failures >= writes - 1);
  const stopping = daemon.reconciler.stop();
  await daemon.clock.advance(10);
  await stopping;
});

test('after a stall it settles again before it reads', async () => {
  const daemon = new Daemon();
  daemon.reconciler.start();
  await daemon.clock.advance(100);
  assert.deepEqual(daemon.calls, ['write Offered 1']);
  daemon.clock.stall(800);
  await daemon.clock.advance(50);
  assert.deepEqual(daemon.calls, ['write Offered 1'], 'the timer was late');
  // The rival that was waiting in the inbox is ahead: one place, and it holds it.
  daemon.claims = [...daemon.claims, aClaim(2, { state: 'Held', seniority: 1, index: 0 })];
  daemon.reconciler.changed();
  await daemon.clock.advance(500);
  assert.deepEqual(daemon.calls, ['write Offered 1', 'write Released 2']);
  await daemon.reconciler.stop();
});

test('an Offer is answered with the own claim, a Held is not', async () => {
  const daemon = new Daemon();
  daemon.reconciler.start();
  assert.equal(daemon.reconciler.onClaimReceived(aClaim(2)), undefined, 'nothing to answer with');
  await daemon.clock.advance(1000);
  assert.equal(daemon.reconciler.onClaimReceived(aClaim(2))?.state, 'Held');
  assert.equal(daemon.reconciler.onClaimReceived(aClaim(2, { state: 'Held' })), undefined);
  await daemon.reconciler.stop();
});

test('asks once more when nobody answers, then decides', async () => {
  const daemon = new Daemon();
  daemon.answers = 0;
  daemon.reconciler.start();
  await daemon.clock.advance(1000);
  const reads = daemon.calls.filter((call) => call.startsWith('read'));
  assert.equal(reads.length, 2);
  assert.ok(daemon.calls.includes('write Held 2'));
  await daemon.reconciler.stop();
});

test('who comes to Held at the same moment, and is heard of later, is a contact for the ring too', async () => {
  const daemon = new Daemon();
  daemon.slices = [aSlice({ size: 2 })];
  daemon.claims = [aClaim(2)];
  daemon.reconciler.start();
  await daemon.clock.advance(1000);
  assert.equal(daemon.calls.at(-1), 'enter', 'nobody else is Held yet');
  const other = aClaim(2, { state: 'Held', revision: 2, seniority: 1, index: 1 });
  daemon.claims = [...daemon.claims.filter(({ peerId }) => peerId !== other.peerId), other];
  daemon.reconciler.changed();
  await daemon.clock.advance(100);
  assert.equal(daemon.calls.at(-1), 'enter peer2');
  const before = daemon.calls.length;
  daemon.reconciler.changed();
  await daemon.clock.advance(100);
  assert.equal(daemon.calls.length, before, 'it is told once');
  await daemon.reconciler.stop();
});
