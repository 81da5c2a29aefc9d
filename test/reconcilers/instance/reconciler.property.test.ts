import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Uid } from '../../../src/objects/ids.ts';
import { FakePeer } from './fake-peer.ts';

const uids = ['a', 'b'];

type Move =
  | {
      readonly type: 'claim';
      readonly of: number;
      readonly state: 'Offered' | 'Held' | 'Released' | 'leaving';
    }
  | { readonly type: 'template'; readonly of: number; readonly version: number }
  | { readonly type: 'kill'; readonly of: number }
  | { readonly type: 'order'; readonly of: number }
  | { readonly type: 'index'; readonly of: number; readonly index: number }
  | { readonly type: 'reboot' | 'daemon' }
  | { readonly type: 'wait'; readonly ms: number };

const of = fc.nat(uids.length - 1);
const moves = fc.array(
  fc.oneof<fc.Arbitrary<Move>[]>(
    fc.record({
      type: fc.constant('claim' as const),
      of,
      state: fc.constantFrom('Held', 'Held', 'Offered', 'Released', 'leaving'),
    }),
    fc.record({ type: fc.constant('template' as const), of, version: fc.nat(4) }),
    fc.record({ type: fc.constant('kill' as const), of }),
    fc.record({ type: fc.constant('order' as const), of }),
    fc.record({ type: fc.constant('index' as const), of, index: fc.nat(2) }),
    fc.record({ type: fc.constantFrom('reboot' as const, 'daemon' as const) }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 5, 50, 700, 3000) }),
  ),
  { maxLength: 40, size: 'max' },
);

test('whatever happens in whatever order: started only when Held, never two, none means none, and it ends right', async () => {
  await fc.assert(
    fc.asyncProperty(
      moves,
      fc.constantFrom(0, 20),
      fc.constantFrom(0, 15),
      async (script, startDelayMs, listDelayMs) => {
        // A throw in the driver would be the reconciler's to handle.
        const violations: string[] = [];
        const peer = new FakePeer({
          startDelayMs,
          script: (request, attempt) => ({
            termDelayMs: attempt % 2 === 0 ? 0 : 30,
            ...(request.env['VERSION'] === '3' ? { ignoresTerm: true } : {}),
            ...(request.env['VERSION'] === '4' ? { exitAfterMs: 20, exit: { code: 1 } } : {}),
          }),
          wrap(driver) {
            const start = driver.start.bind(driver);
            const list = driver.list.bind(driver);
            return Object.assign(driver, {
              // What a listing tells may be old by the time it arrives.
              async list() {
                const listed = await list();
                if (listDelayMs > 0) {
                  await new Promise<void>((resolve) => peer.clock.after(listDelayMs, resolve));
                }
                return listed;
              },
              start: (request: Parameters<typeof start>[0]) => {
                const uid = request.labels['uid'] as Uid;
                if (!peer.mayStart(uid))
                  violations.push(`slice ${uid} started without a Held claim`);
                const ofSlice = peer.machine.list().filter(({ labels }) => labels['uid'] === uid);
                if (ofSlice.some(({ state }) => state !== 'exited')) violations.push('two at once');
                return start(request);
              },
            });
          },
        });
        const check = (): void => {
          assert.deepEqual(violations, []);
          for (const { labels, state, id } of peer.machine.list()) {
            if (state === 'exited') continue;
            const work = peer.reconciler.workOf(labels['uid'] as Uid);
            assert.notEqual(work, 'none', `${id} runs, and its work is called none`);
          }
        };
        for (const uid of uids) peer.setSlice(uid, { env: [{ name: 'VERSION', value: '0' }] });
        await peer.start();
        for (const move of script) {
          await perform(peer, move);
          check();
        }
        await peer.clock.advance(3_600_000);
        check();
        for (const uid of uids) assertRight(peer, uid as Uid);
        const closing = peer.reconciler.close();
        await peer.clock.advance(60_000);
        await closing;
      },
    ),
    { numRuns: 150 },
  );
});

async function perform(peer: FakePeer, move: Move): Promise<void> {
  const uid = 'of' in move ? (uids[move.of] ?? '') : '';
  const claim = peer.claims.get(uid as Uid);
  switch (move.type) {
    case 'claim':
      if (move.state !== 'leaving') peer.setClaim(uid, { state: move.state });
      else if (claim?.state === 'Held') peer.setClaim(uid, { state: 'Held', leaving: true });
      if (move.state === 'Held') peer.reconciler.startWork(uid as Uid);
      return;
    case 'template': {
      const env = [{ name: 'VERSION', value: String(move.version) }];
      peer.setSlice(uid, { env, terminationGracePeriodSeconds: 1 });
      return;
    }
    case 'index':
      if (claim?.state === 'Held') peer.setClaim(uid, { ...claim, index: move.index });
      return;
    case 'kill':
      for (const { id, labels } of peer.machine.list()) {
        if (labels['uid'] === uid) peer.machine.signal(id, 'SIGKILL');
      }
      return;
    case 'order':
      if (peer.mayStart(uid as Uid)) peer.setClaim(uid, { state: 'Held', leaving: true });
      peer.reconciler.stopWork(uid as Uid);
      return;
    case 'reboot':
      peer.machine.reboot();
      return;
    case 'daemon':
      return peer.restartDaemon();
    case 'wait':
      return peer.clock.advance(move.ms);
    default:
      move satisfies never;
  }
}

/** A long time after the last change. */
function assertRight(peer: FakePeer, uid: Uid): void {
  const mine = peer.machine.list().filter(({ labels }) => labels['uid'] === uid);
  const claim = peer.claims.get(uid);
  const record = peer.record(uid);
  if (peer.mayStart(uid)) {
    const version = peer.slices.get(uid)?.spec.template?.spec.env?.[0]?.value;
    assert.equal(mine.length, 1);
    if (version === '4')
      return assert.ok(['Backoff', 'Running'].includes(record?.status?.state ?? ''));
    assert.equal(mine[0]?.state, 'running');
    assert.equal(mine[0]?.labels['index'], String(claim?.index));
    assert.equal(record?.spec?.templateHash, mine[0]?.templateHash);
    assert.partialDeepStrictEqual(record?.status, {
      state: 'Running',
      ready: true,
      pid: mine[0]?.pid,
    });
  } else if (claim?.boot === peer.boot && (claim.leaving === true || claim.state === 'Released')) {
    assert.deepEqual(mine, []);
    assert.equal(record, undefined);
    assert.equal(peer.reconciler.workOf(uid), 'none');
  }
}
