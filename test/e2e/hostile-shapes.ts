import type { Json, JsonObject } from '../../src/objects/json.ts';

/** Who says these things, and of which slice. */
export interface Self {
  readonly peer: string;
  readonly name: string;
  readonly owner: string;
  readonly boot: number;
  readonly slice: { readonly name: string; readonly uid: string };
}

/** This peer's own Peer, right but for the changes. */
export function peerOf(
  { owner, peer }: Self,
  labels: JsonObject,
  spec: JsonObject = {},
  status: JsonObject = {},
): JsonObject {
  return { metadata: { labels }, spec: { owner, peerId: peer, addresses: [], ...spec }, status };
}

/** A Claim of this peer on this slice, right but for the changes. */
export function claimOf({ peer, name, boot, slice }: Self, changes: JsonObject = {}): JsonObject {
  return {
    metadata: {},
    spec: {
      slice: { ...slice },
      peer: name,
      peerId: peer,
      boot,
      incarnation: 0,
      revision: 1,
      state: 'Offered',
      specHash: 'x',
      score: 1,
      seniority: 0,
      ...changes,
    },
    status: {},
  };
}

const huge = 'x'.repeat(200_000);

export function hostileClaims(self: Self): readonly JsonObject[] {
  const { uid } = self.slice;
  const specs: readonly JsonObject[] = [
    { slice: 5 },
    { slice: null },
    { slice: [] },
    { slice: { uid } },
    { slice: { uid, name: 7 } },
    { slice: { uid: {}, name: 'steady' } },
    { state: 'Held', index: 'first' },
    { state: 'Held', index: -1 },
    { state: 'Held', index: 0.5 },
    { state: 'Held', index: 1e300 },
    { state: 5 },
    { state: 'toString' },
    { state: 'Held', boot: '1', seniority: null },
    { state: 'Held', score: 'high' },
    { state: 'Held', target: 5 },
    { state: 'Held', target: { epoch: 'x', population: -1 } },
    { state: 'Held', leaving: 'yes' },
    { state: 'Offered', specHash: {} },
    { state: 'Released', reason: huge },
    { revision: -1, incarnation: [] },
  ];
  const statuses: readonly Json[] = [
    { predecessor: {} },
    { successor: 5, viewedAt: [] },
    { predecessor: huge },
  ];
  return [
    ...specs.map((spec) => claimOf(self, spec)),
    ...statuses.map((status) => ({
      ...claimOf(self, { state: 'Held', index: 9 }),
      status: status as JsonObject,
    })),
    {
      ...claimOf(self, { state: 'Held', slice: 1 }),
      metadata: {
        labels: [1, 2],
        annotations: 'x',
        ownerReferences: [5, null, { kind: 5 }],
        creationTimestamp: 'yesterday',
        finalizers: 'x',
      } as unknown as JsonObject,
    },
  ];
}

export function hostileInstances({ peer, name, slice }: Self): readonly JsonObject[] {
  const values: readonly JsonObject[] = [
    {},
    { slice: null },
    { slice: { name: 'steady' } },
    { slice: { name: 5, uid: slice.uid } },
    { index: 'zero' },
    { templateHash: {} },
    { driver: 7 },
  ];
  const statuses: readonly Json[] = [
    {},
    { state: 5 },
    { state: 'Running', ready: 'yes', peer: 5 },
    { state: 'Running', ready: true, peer: name, ports: 'http', restarts: 'many' },
    { state: 'Running', ready: true, peer: name, ports: { http: {} }, message: huge },
    { state: 'Failed', exitCode: 'x', startedAt: 5 },
  ];
  const spec = (changes: JsonObject): JsonObject => ({
    slice: { ...slice },
    peer: name,
    peerId: peer,
    index: 3,
    driver: 'process',
    templateHash: 'x',
    ...changes,
  });
  return [
    ...values.map((changes) => ({ metadata: {}, spec: spec(changes) })),
    ...statuses.map((status) => ({
      metadata: {},
      spec: spec({}),
      status: status as JsonObject,
    })),
  ];
}

export function hostilePeers(self: Self): readonly JsonObject[] {
  const changes: readonly (readonly [JsonObject, JsonObject])[] = [
    [{ addresses: 'here' }, {}],
    [{ addresses: [5, {}] }, {}],
    [{}, { drivers: 5 }],
    [{}, { drivers: [null, 7, { name: 5 }] }],
    [{}, { attributes: 'many' }],
    [{}, { attributes: { memory: {}, cores: 5, cpuScore: 'NaN' } }],
    [{}, { attributes: { memory: '1e999', cores: '-8', load: 'Infinity' } }],
    [{}, { boot: 'x', state: 'Sleeping', startedAt: {} }],
  ];
  return [
    peerOf(self, { site: 5, huge }),
    ...changes.map(([spec, status]) => peerOf(self, {}, spec, status)),
  ];
}

export function hostileSlices(): readonly JsonObject[] {
  const specs: readonly (JsonObject | undefined)[] = [
    undefined,
    {},
    { size: 'many' },
    { size: -3 },
    { size: 2.5 },
    { size: 1e300 },
    { size: 2, percent: 10 },
    { percent: 1e9 },
    { size: 2, where: 5 },
    { size: 2, where: { matchLabels: 'x' } },
    { size: 2, where: { matchLabels: { a: 5 } } },
    { size: 2, where: { matchExpressions: [null, 5] } },
    { size: 2, where: { matchExpressions: [{ key: 'memory', operator: 'Gt' }] } },
    { size: 2, where: { matchExpressions: [{ key: 'memory', operator: 'Near', values: {} }] } },
    { size: 2, rank: 5 },
    { size: 2, rank: { by: 5 } },
    { size: 2, rank: { by: [{ attribute: {}, weight: 'x' }], topPercent: 'x' } },
    { size: 2, exclude: 'node2' },
    { size: 2, exclude: { node2: true } },
    { size: 2, replaceAfter: 5 },
    { size: 2, replaceAfter: 'for ever' },
    { size: 2, onPartition: 'Panic' },
    { size: 2, template: 5 },
    { size: 2, template: {} },
    { size: 2, template: { spec: { driver: 'process' } } },
    { size: 2, template: { spec: { driver: 'process', command: 'x' } } },
    { size: 2, template: { spec: { driver: 'process', command: [{}] } } },
    { size: 2, template: { spec: { driver: {}, command: ['true'] } } },
    { size: 2, template: { spec: { driver: 'process', command: ['true'], env: 5 } } },
    { size: 2, template: { spec: { driver: 'process', command: ['true'], ports: [5] } } },
    { size: 2, template: { spec: { driver: 'process', command: ['true'], readiness: 'x' } } },
    { size: 2, template: { metadata: 5, spec: { driver: 'process', command: ['true'] } } },
    { size: 2, template: { spec: { driver: 'process', command: ['true', huge], args: 5 } } },
    { size: 2, template: { spec: { driver: 'process', command: ['true'], restartPolicy: {} } } },
  ];
  return specs.map((spec) => ({
    metadata: { creationTimestamp: 5 },
    ...(spec === undefined ? {} : { spec }),
  }));
}

export function deepObject(depth: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 0; level < depth; level += 1) value = { down: value };
  return value;
}
