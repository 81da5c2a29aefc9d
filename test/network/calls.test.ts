import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeAnswer, encodeCall } from '../../src/network/call-frames.ts';
import { PeerLink } from '../../src/network/peer-link.ts';
import { RelayError } from '../../src/network/relay-error.ts';
import { bytes, link, pause, TestPeer, withPeers } from './test-cloud.ts';
import type { RelayHandler } from '../../src/network/network.ts';
import type { NetworkLimits } from '../../src/network/network-options.ts';

const text = (chunk: Uint8Array): string => Buffer.from(chunk).toString();

function insideOf(peer: TestPeer): PeerLink {
  const [only] = peer.network.links();
  assert.ok(only instanceof PeerLink);
  return only;
}

/** Makes `streams` the number of streams that this peer has opened on its only link from now on. */
function countStreams(peer: TestPeer): () => number {
  const connection = insideOf(peer).channel?.connection;
  assert.ok(connection !== undefined);
  let streams = 0;
  const open = connection.newStream.bind(connection);
  connection.newStream = async (...options) => {
    streams++;
    return open(...options);
  };
  return () => streams;
}

/** Two linked peers that both handle these methods. */
async function withLinked(
  methods: Readonly<Record<string, RelayHandler>>,
  run: (a: TestPeer, b: TestPeer) => Promise<void>,
  limits: Partial<NetworkLimits> = {},
): Promise<void> {
  const peers = [new TestPeer('a', { limits }), new TestPeer('b', { limits })];
  for (const { network } of peers) {
    for (const [method, handler] of Object.entries(methods)) network.handle(method, handler);
  }
  await withPeers(peers, async (a, b) => {
    await link(a, b);
    await run(a, b);
  });
}

async function errorOf(promise: Promise<unknown>): Promise<RelayError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof RelayError, `not a RelayError: ${String(error)}`);
    return error;
  }
  assert.fail('it was answered');
}

const ask = async (
  from: TestPeer,
  to: TestPeer,
  method: string,
  body: Uint8Array = bytes(''),
): Promise<Uint8Array> => from.network.request(to.id, method, body, { timeoutMs: 20_000 });

const echo: RelayHandler = async (_from, body) => body;

/** A handler that runs until it is told to end, or its asker leaves. */
function stalling(): { handler: RelayHandler; running: () => number; aborted: () => number } {
  let [running, aborted] = [0, 0];
  return {
    handler: async (_from, _body, signal) => {
      running++;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      running--;
      aborted++;
      return bytes('too late');
    },
    running: () => running,
    aborted: () => aborted,
  };
}

test('small requests travel on the link itself, many in flight both ways, each with its answer', async () => {
  const later: RelayHandler = async (from, body) => {
    await pause(body[0] as number);
    return bytes(`${text(body.subarray(1))} for ${from.credential.peer.name}`);
  };
  await withLinked({ later }, async (a, b) => {
    const streams = [countStreams(a), countStreams(b)];
    const round = async (from: TestPeer, to: TestPeer, i: number): Promise<void> => {
      // Answers come in another order than their questions.
      const body = Uint8Array.of((i * 7) % 11, ...bytes(`question ${i}`));
      const answer = await ask(from, to, 'later', body);
      assert.equal(text(answer), `question ${i} for ${from === a ? 'a' : 'b'}`);
    };
    for (let turn = 0; turn < 10; turn++) {
      const calls = Array.from({ length: 15 }, (_, i) => turn * 15 + i);
      await Promise.all(calls.flatMap((i) => [round(a, b, i), round(b, a, i)]));
    }
    assert.deepEqual(
      streams.map((count) => count()),
      [0, 0],
    );
    assert.deepEqual([insideOf(a).openCalls, insideOf(b).openCalls], [0, 0]);
  });
});

test('error codes and messages reach the asker over the link, unknown methods too', async () => {
  const methods: Record<string, RelayHandler> = {
    refuse: async () => {
      throw new RelayError('refused', 'the policy of node3 does not admit bob');
    },
    crash: () => {
      throw new TypeError('before any promise');
    },
  };
  await withLinked(methods, async (a, b) => {
    const streams = countStreams(a);
    const refused = await errorOf(ask(a, b, 'refuse'));
    assert.deepEqual(
      [refused.code, refused.message],
      ['refused', 'the policy of node3 does not admit bob'],
    );
    const crashed = await errorOf(ask(a, b, 'crash'));
    assert.deepEqual([crashed.code, crashed.message], ['failed', 'before any promise']);
    const unknown = await errorOf(ask(a, b, 'unheardOf'));
    assert.deepEqual(
      [unknown.code, /knows no method unheardOf/.test(unknown.message)],
      ['notFound', true],
    );
    assert.equal(streams(), 0);
    assert.deepEqual(b.of('lost'), []);
  });
});

test('a timeout and an abort end the handler on the other side', async () => {
  const stall = stalling();
  await withLinked({ stall: stall.handler }, async (a, b) => {
    const request = async (timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array> =>
      a.network.request(b.id, 'stall', bytes(''), {
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
    assert.equal((await errorOf(request(50))).code, 'timeout');
    await b.until(() => stall.aborted() === 1);
    const abort = new AbortController();
    const cancelled = errorOf(request(60_000, abort.signal));
    await b.until(() => stall.running() === 1);
    abort.abort();
    assert.match((await cancelled).message, /cancelled by the caller/);
    await b.until(() => stall.aborted() === 2);
    assert.match(
      (await errorOf(request(60_000, abort.signal))).message,
      /cancelled by the caller/,
      'cancelled before it began',
    );
    assert.deepEqual([insideOf(a).openCalls, insideOf(b).openCalls], [0, 0]);
  });
});

test('a broken connection ends its calls at both ends, and the mended link takes new ones', async () => {
  const stall = stalling();
  await withLinked({ stall: stall.handler, echo }, async (a, b) => {
    for (let i = 1; i <= 4; i++) {
      const calls = [errorOf(ask(a, b, 'stall')), errorOf(ask(b, a, 'stall'))];
      await b.until(() => stall.running() === 2);
      insideOf(i % 2 === 0 ? a : b).channel?.connection.abort(new Error('cut by the test'));
      for (const error of await Promise.all(calls)) assert.equal(error.code, 'unreachable');
      await b.until(() => stall.aborted() === 2 * i);
      assert.equal(text(await ask(a, b, 'echo', bytes('mended'))), 'mended');
      assert.equal(text(await ask(b, a, 'echo', bytes('mended'))), 'mended');
    }
    assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
  });
});

test('a peer that stops ends the calls that it runs and those that it waits for', async () => {
  const stall = stalling();
  await withLinked({ stall: stall.handler }, async (a, b) => {
    const calls = [errorOf(ask(a, b, 'stall')), errorOf(ask(b, a, 'stall'))];
    await b.until(() => stall.running() === 2);
    await a.network.stop();
    for (const error of await Promise.all(calls)) assert.equal(error.code, 'unreachable');
    await b.until(() => stall.aborted() === 2);
  });
});

test('an answer too large for the link is fetched over a stream, and its handler ran once', async () => {
  let ran = 0;
  const large: RelayHandler = async (_from, body) => {
    ran++;
    return new Uint8Array(Number(text(body))).map((_byte, at) => at & 255);
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 3; i++) yield bytes(`${i}`);
    ran++;
  }
  await withLinked({ large, chunks }, async (a, b) => {
    const streams = countStreams(a);
    const get = async (size: number): Promise<void> => {
      const answer = await ask(a, b, 'large', bytes(`${size}`));
      assert.equal(answer.length, size);
      assert.equal(answer.at(-1), (size - 1) & 255);
    };
    await get(256 * 1024);
    assert.equal(streams(), 0);
    await get(256 * 1024 + 1);
    assert.equal(streams(), 1);
    // All places of this peer at once: what waits to be fetched must not stand in its own way.
    await Promise.all(Array.from({ length: 16 }, async () => get(1024 * 1024)));
    assert.equal(ran, 18);
    assert.equal(text(await ask(a, b, 'chunks')), '012', 'a handler that makes chunks');
    assert.equal(ran, 19);
    await a.until(() => insideOf(a).openCalls + insideOf(b).openCalls === 0);
  });
});

test('a body too large for the link goes over a stream by itself', async () => {
  await withLinked({ echo }, async (a, b) => {
    const streams = countStreams(a);
    for (const [size, expected] of [
      [64 * 1024, 0],
      [64 * 1024 + 1, 1],
    ] as const) {
      const body = new Uint8Array(size).fill(size & 255);
      assert.ok(Buffer.from(await ask(a, b, 'echo', body)).equals(body));
      assert.equal(streams(), expected);
    }
  });
});

test('more answers at once than the queue holds are all answered, while frames still pass', async () => {
  const large: RelayHandler = async () => new Uint8Array(200 * 1024).fill(7);
  await withLinked({ large }, async (a, b) => {
    const answers = Array.from({ length: 16 }, async () => ask(a, b, 'large'));
    b.network.send(a.id, 1, bytes('meanwhile'));
    for (const answer of await Promise.all(answers)) {
      assert.equal(answer.length, 200 * 1024);
      assert.ok(answer.every((byte) => byte === 7));
    }
    await a.until(() => a.of('frame').length === 1);
    assert.deepEqual([...a.of('unreachable'), ...b.of('unreachable')], []);
  });
});

test('the answering side keeps its own bound, whatever the asking side does', async () => {
  const stall = stalling();
  await withLinked({ stall: stall.handler, echo }, async (a, b) => {
    const inside = insideOf(a);
    for (let id = 1; id <= 50; id++) {
      inside.channel?.write(encodeCall(0x8000_0000 + id, 'stall', bytes('')));
    }
    await b.until(() => stall.running() === 16);
    const refused = await errorOf(ask(a, b, 'echo'));
    assert.deepEqual(
      [refused.code, /16 calls of this peer/.test(refused.message)],
      ['refused', true],
    );
    assert.equal(stall.running(), 16);
    assert.equal(insideOf(b).openCalls, 16);
  });
});

test('answers that nobody asked for, and calls that cannot be read, harm nothing', async () => {
  await withLinked({ echo }, async (a, b) => {
    const { channel } = insideOf(b);
    assert.ok(channel !== undefined);
    channel.write(encodeAnswer(77, bytes('surprise')));
    for (const kind of [6, 7, 8, 9, 10]) {
      for (const length of [0, 3, 4, 5])
        channel.sendControl(kind, new Uint8Array(length).fill(255));
    }
    assert.equal(text(await ask(a, b, 'echo', bytes('fine'))), 'fine');
    assert.equal(text(await ask(b, a, 'echo', bytes('fine'))), 'fine');
    assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
    assert.equal(insideOf(a).openCalls, 0);
  });
});

test('a link with a call under way is not closed as surplus', async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const hold: RelayHandler = async () => {
    await gate;
    return bytes('done');
  };
  await withLinked(
    { hold },
    async (a, b) => {
      const call = ask(a, b, 'hold');
      b.network.want([]);
      a.network.want([]);
      await pause(300);
      assert.deepEqual([...a.of('lost'), ...b.of('lost')], []);
      release();
      assert.equal(text(await call), 'done');
      await a.until(() => a.of('lost').length > 0);
    },
    { surplusAfterMs: 50, tickMs: 20 },
  );
});
