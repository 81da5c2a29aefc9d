import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeProtobuf } from '../../src/api/protobuf.ts';

const field = (number: number, ...parts: (string | Buffer)[]): Buffer => {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  assert.ok(value.length < 128);
  return Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value]);
};
const wrap = (apiVersion: string, kind: string, message: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, field(1, apiVersion), field(2, kind)),
    field(2, message),
  ]);

test('an access review as client-go encodes it', () => {
  const attributes = Buffer.concat([
    field(1, 'default'),
    field(2, 'create'),
    field(3, 'p2pcs.io'),
    field(5, 'slices'),
  ]);
  const bytes = wrap(
    'authorization.k8s.io/v1',
    'SelfSubjectAccessReview',
    Buffer.concat([field(1), field(2, field(1, attributes)), field(3)]),
  );
  assert.deepEqual(decodeProtobuf(bytes), {
    ok: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: {
        resourceAttributes: {
          namespace: 'default',
          verb: 'create',
          group: 'p2pcs.io',
          resource: 'slices',
        },
      },
    },
  });
});

test('numbers, lists and fields that are not known', () => {
  const message = Buffer.concat([
    Buffer.from([1 * 8, 0x96, 0x01]),
    field(5, 'All'),
    field(5, 'More'),
    field(9, 'new'),
    Buffer.from([10 * 8 + 5, 1, 2, 3, 4]),
  ]);
  assert.deepEqual(decodeProtobuf(wrap('v1', 'DeleteOptions', message)), {
    ok: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 150,
      dryRun: ['All', 'More'],
    },
  });
});

test('broken bytes and other kinds are told, never thrown', () => {
  const good = wrap(
    'v1',
    'DeleteOptions',
    Buffer.concat([field(4, 'Background'), field(2, field(1, 'uid'))]),
  );
  for (let length = 0; length < good.length; length++) {
    const cut = decodeProtobuf(good.subarray(0, length));
    assert.ok('reason' in cut || length > 4, `${length}`);
  }
  for (let seed = 0; seed < 2000; seed++) {
    const bytes = Buffer.from(good);
    bytes[4 + ((seed * 7) % (bytes.length - 4))] = (seed * 31) % 256;
    assert.ok(decodeProtobuf(bytes) !== undefined);
  }
  assert.deepEqual(decodeProtobuf(wrap('v1', 'Secret', field(1))), {
    reason: 'Secret of v1 is taken as JSON or YAML only',
  });
  assert.deepEqual(decodeProtobuf(wrap('v1', 'constructor', field(1))), {
    reason: 'constructor of v1 is taken as JSON or YAML only',
  });
});
