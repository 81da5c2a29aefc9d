import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayError } from '../../src/network/relay-error.ts';
import { startChild } from './child.ts';
import { bytes, link, pause, TestPeer, withPeers } from './test-cloud.ts';
import type { RelayHandler } from '../../src/network/network.ts';

const text = (chunk: Uint8Array): string => Buffer.from(chunk).toString();
const forever = (): AbortSignal => new AbortController().signal;

/** A client that knows a server with these methods and has no link yet. */
async function withServer(
  methods: Readonly<Record<string, RelayHandler>>,
  run: (client: TestPeer, server: TestPeer) => Promise<void>,
): Promise<void> {
  const [client, server] = [new TestPeer('client'), new TestPeer('server')];
  for (const [method, handler] of Object.entries(methods)) server.network.handle(method, handler);
  await withPeers([client, server], async () => {
    client.network.learn(server.id, server.network.addresses());
    await run(client, server);
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

test('a request reaches a peer without a link, names the asker and brings one answer', async () => {
  const greet: RelayHandler = async (from, body) =>
    bytes(`${text(body)}, ${from.credential.peer.name}`);
  await withServer({ greet }, async (client, server) => {
    const answer = await client.network.request(server.id, 'greet', bytes('good day'), {
      timeoutMs: 5000,
    });
    assert.equal(text(answer), 'good day, client');
    assert.equal(client.of('up')[0]?.peer, server.id);
  });
});

test('bodies and answers of a mebibyte pass unharmed, many at once', async () => {
  await withServer({ echo: async (_from, body) => body }, async (client, server) => {
    await link(client, server);
    await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const body = new Uint8Array(1024 * 1024).map((_byte, at) => (at * 7 + i) & 255);
        const answer = await client.network.request(server.id, 'echo', body, { timeoutMs: 10_000 });
        assert.ok(Buffer.from(answer).equals(body));
      }),
    );
    const tooLong = new Uint8Array(1024 * 1024 + 1);
    const error = await errorOf(
      client.network.request(server.id, 'echo', tooLong, { timeoutMs: 5000 }),
    );
    assert.match(error.message, /at most 1048576 are relayed/);
  });
});

test('a stream keeps its chunks apart and ends with its handler', async () => {
  async function* count(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 100; i++) {
      // One in ten is larger than a frame.
      yield bytes(`${i} `.padEnd(i % 10 === 0 ? 200_000 : 10, '.'));
      if (i % 25 === 0) await pause(1);
    }
  }
  await withServer({ count }, async (client, server) => {
    const seen: number[] = [];
    const chunks = client.network.stream(server.id, 'count', bytes(''), { signal: forever() });
    for await (const chunk of chunks) {
      const i = Number(text(chunk).split(' ')[0]);
      assert.equal(chunk.length, i % 10 === 0 ? 200_000 : 10);
      seen.push(i);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});

test('a reader that is slow holds the handler back instead of filling the memory', async () => {
  let made = 0;
  async function* flood(): AsyncGenerator<Uint8Array> {
    for (; made < 400; made++) yield new Uint8Array(64 * 1024);
  }
  await withServer({ flood }, async (client, server) => {
    let read = 0;
    for await (const _chunk of client.network.stream(server.id, 'flood', bytes(''), {
      signal: forever(),
    })) {
      if (++read > 1) continue;
      // 25 MiB in all: a handler that were not held back would be through long before this ends.
      await pause(500);
      assert.ok(made < 200, `${made} chunks were made for a reader of one`);
    }
    assert.equal(read, 400);
  });
});

test('aborting ends both sides', async () => {
  let ended = false;
  async function* ticks(
    _from: unknown,
    _body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    signal.addEventListener('abort', () => (ended = true));
    for (;;) {
      yield bytes('tick');
      await pause(5);
    }
  }
  await withServer({ ticks }, async (client, server) => {
    const abort = new AbortController();
    let read = 0;
    for await (const _tick of client.network.stream(server.id, 'ticks', bytes(''), {
      signal: abort.signal,
    })) {
      if (++read === 3) abort.abort();
    }
    assert.equal(read, 3, 'the reader sees a quiet end');
    await server.until(() => ended);
  });
});

test('a reader that leaves early, and a client that stops, end the handler too', async () => {
  let running = 0;
  async function* wait(
    _from: unknown,
    _body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    running++;
    signal.addEventListener('abort', () => running--);
    yield bytes('ready');
    // Waits for what never comes: the handler's own sleep must not keep the call alive.
    await new Promise(() => {});
  }
  await withServer({ wait }, async (client, server) => {
    for await (const _chunk of client.network.stream(server.id, 'wait', bytes(''), {
      signal: forever(),
    })) {
      assert.equal(running, 1);
      break;
    }
    await server.until(() => running === 0);
    const reader = client.network.stream(server.id, 'wait', bytes(''), { signal: forever() });
    const iterator = reader[Symbol.asyncIterator]();
    await iterator.next();
    const next = errorOf(iterator.next());
    await client.network.stop();
    assert.equal((await next).code, 'unreachable');
    await server.until(() => running === 0);
  });
});

test('what a handler throws reaches the asker, and nobody else', async () => {
  const methods: Record<string, RelayHandler> = {
    refuse: async () => {
      throw new RelayError('refused', 'the policy of node3 does not admit bob');
    },
    crash: async () => {
      throw new TypeError('x is not a function');
    },
    crashAtOnce: () => {
      throw new Error('before any promise');
    },
    async *crashLater() {
      yield bytes('one');
      throw new RelayError('notFound', 'no second chunk');
    },
  };
  await withServer(methods, async (client, server) => {
    const ask = async (method: string): Promise<RelayError> =>
      errorOf(client.network.request(server.id, method, bytes(''), { timeoutMs: 5000 }));
    const refused = await ask('refuse');
    assert.deepEqual(
      [refused.code, refused.message],
      ['refused', 'the policy of node3 does not admit bob'],
    );
    assert.deepEqual(
      [(await ask('crash')).code, (await ask('crash')).message],
      ['failed', 'x is not a function'],
    );
    assert.equal((await ask('crashAtOnce')).message, 'before any promise');
    assert.equal((await ask('crashLater')).code, 'notFound');
    assert.equal((await ask('unheardOf')).code, 'notFound');
    assert.deepEqual(server.of('lost'), [], 'the link does not suffer');
  });
});

test('no answer in time is a timeout, and a cancelled request says so', async () => {
  let aborted = 0;
  const stall: RelayHandler = async (_from, _body, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    aborted++;
    return bytes('too late');
  };
  await withServer({ stall }, async (client, server) => {
    await link(client, server);
    const late = await errorOf(
      client.network.request(server.id, 'stall', bytes(''), { timeoutMs: 100 }),
    );
    assert.equal(late.code, 'timeout');
    await server.until(() => aborted === 1);
    const cancelled = await errorOf(
      client.network.request(server.id, 'stall', bytes(''), {
        timeoutMs: 60_000,
        signal: AbortSignal.timeout(50),
      }),
    );
    assert.match(cancelled.message, /cancelled by the caller/);
    await server.until(() => aborted === 2);
  });
});

test('a peer that cannot be reached is unreachable, with the reason in words', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const nobody = new TestPeer('nobody');
    const request = async (): Promise<RelayError> =>
      errorOf(a.network.request(nobody.id, 'echo', bytes(''), { timeoutMs: 5000 }));
    const unknown = await request();
    assert.deepEqual(
      [unknown.code, /no address of it is known/.test(unknown.message)],
      ['unreachable', true],
    );
    await nobody.network.start();
    a.network.learn(nobody.id, nobody.network.addresses());
    await nobody.network.stop();
    await pause(1000);
    assert.match((await request()).message, /nothing listens at its addresses/);
  });
});

test('a peer killed during a call ends the call', async () => {
  await withPeers([new TestPeer('a')], async (a) => {
    const child = await startChild('kid', { bootstrap: a.contacts });
    await a.until(() => a.of('up').length > 0);
    const body = bytes('still there?');
    assert.equal(
      text(await a.network.request(child.id, 'echo', body, { timeoutMs: 5000 })),
      'still there?',
    );
    const call = errorOf(a.network.request(child.id, 'stall', body, { timeoutMs: 60_000 }));
    await pause(50);
    await child.kill();
    assert.equal((await call).code, 'unreachable');
  });
});

test('calls at once are bounded per peer, and free again when they end', async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  let running = 0;
  const hold: RelayHandler = async () => {
    running++;
    await gate;
    return bytes('done');
  };
  await withServer({ hold }, async (client, server) => {
    await link(client, server);
    const request = async (): Promise<Uint8Array> =>
      client.network.request(server.id, 'hold', bytes(''), { timeoutMs: 10_000 });
    const held = Array.from({ length: 16 }, request);
    await server.until(() => running === 16);
    assert.equal((await errorOf(request())).code, 'refused');
    release();
    assert.equal((await Promise.all(held)).length, 16);
    assert.equal(text(await request()), 'done');
  });
});

test('two hundred calls one after another leave no stream behind', async () => {
  await withServer({ echo: async (_from, body) => body }, async (client, server) => {
    await link(client, server);
    for (let i = 0; i < 200; i++) {
      // Small requests need no stream; this asks for one.
      const chunks = client.network.stream(server.id, 'echo', bytes(`${i}`), { signal: forever() });
      for await (const chunk of chunks) assert.equal(text(chunk), `${i}`);
    }
    const inside = client.network.links()[0] as unknown as { channel: { otherStreams: number } };
    await client.until(() => inside.channel.otherStreams === 0);
  });
});
