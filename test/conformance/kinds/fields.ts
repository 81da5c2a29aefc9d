import type { Condition } from '../../../src/objects/condition.ts';
import type { ClaimSpec, ClaimStatus } from '../../../src/objects/kinds/claim.ts';
import type { CloudStatusStatus } from '../../../src/objects/kinds/cloud-status.ts';
import type { InstanceSpec, InstanceStatus } from '../../../src/objects/kinds/instance.ts';
import type { PeerDriver, PeerSpec, PeerStatus } from '../../../src/objects/kinds/peer.ts';
import type {
  EnvVar,
  InstancePort,
  InstanceTemplate,
  InstanceTemplateSpec,
  MatchExpression,
  PeerSelector,
  RankTerm,
  Readiness,
  SliceMember,
  SliceRank,
  SliceSpec,
  SliceStatus,
} from '../../../src/objects/kinds/slice.ts';
import type { TrustPolicySpec, TrustRule } from '../../../src/objects/kinds/trust-policy.ts';

/**
 * Every field of T, and whether it is required: the compiler refuses a list that is not exactly T's. So the test
 * that compares these lists with the CRDs compares the types with them.
 */
type FieldsOf<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? 'optional' : 'required';
};
type Lists = Readonly<Record<string, Readonly<Record<string, 'optional' | 'required'>>>>;

const required = 'required' as const;
const optional = 'optional' as const;
const nameAndUid: FieldsOf<ClaimSpec['slice']> = { name: required, uid: required };

/** Kind → path in its CRD → fields there. */
export const fieldsByKind: Readonly<
  Record<string, { readonly spec: Lists; readonly status: Lists }>
> = {
  Slice: {
    spec: {
      '.spec': {
        size: optional,
        percent: optional,
        where: optional,
        rank: optional,
        exclude: optional,
        replaceAfter: optional,
        onPartition: optional,
        template: optional,
      } satisfies FieldsOf<SliceSpec>,
      '.spec.where': {
        matchLabels: optional,
        matchExpressions: optional,
      } satisfies FieldsOf<PeerSelector>,
      '.spec.where.matchExpressions[]': {
        key: required,
        operator: required,
        values: optional,
      } satisfies FieldsOf<MatchExpression>,
      '.spec.rank': { by: optional, topPercent: optional } satisfies FieldsOf<SliceRank>,
      '.spec.rank.by[]': { attribute: required, weight: optional } satisfies FieldsOf<RankTerm>,
      '.spec.template': { metadata: optional, spec: required } satisfies FieldsOf<InstanceTemplate>,
      '.spec.template.metadata': { labels: optional, annotations: optional } satisfies FieldsOf<
        NonNullable<InstanceTemplate['metadata']>
      >,
      '.spec.template.spec': {
        driver: optional,
        command: required,
        args: optional,
        env: optional,
        workingDir: optional,
        restartPolicy: optional,
        ports: optional,
        readiness: optional,
        terminationGracePeriodSeconds: optional,
      } satisfies FieldsOf<InstanceTemplateSpec>,
      '.spec.template.spec.env[]': { name: required, value: optional } satisfies FieldsOf<EnvVar>,
      '.spec.template.spec.ports[]': { name: required } satisfies FieldsOf<InstancePort>,
      '.spec.template.spec.readiness': {
        exec: required,
        periodSeconds: optional,
        timeoutSeconds: optional,
        initialDelaySeconds: optional,
        failureThreshold: optional,
      } satisfies FieldsOf<Readiness>,
      '.spec.template.spec.readiness.exec': { command: required } satisfies FieldsOf<
        Readiness['exec']
      >,
    },
    status: {
      '.status': {
        observedGeneration: optional,
        specHash: required,
        desiredMembers: required,
        heldMembers: required,
        readyMembers: required,
        members: required,
        selector: required,
        conditions: required,
      } satisfies FieldsOf<SliceStatus>,
      '.status.members[]': {
        peer: required,
        state: required,
        index: required,
        instance: optional,
      } satisfies FieldsOf<SliceMember>,
      '.status.conditions[]': {
        type: required,
        status: required,
        reason: required,
        message: required,
        lastTransitionTime: required,
        observedGeneration: optional,
      } satisfies FieldsOf<Condition>,
    },
  },
  Peer: {
    spec: {
      '.spec': {
        owner: required,
        peerId: required,
        addresses: required,
      } satisfies FieldsOf<PeerSpec>,
    },
    status: {
      '.status': {
        attributes: required,
        drivers: required,
        version: required,
        boot: required,
        startedAt: required,
        state: optional,
        slice: optional,
        incarnation: optional,
      } satisfies FieldsOf<PeerStatus>,
      '.status.drivers[]': {
        name: required,
        healthy: required,
        message: optional,
      } satisfies FieldsOf<PeerDriver>,
    },
  },
  Instance: {
    spec: {
      '.spec': {
        slice: required,
        peer: required,
        peerId: required,
        index: required,
        driver: required,
        templateHash: required,
      } satisfies FieldsOf<InstanceSpec>,
      '.spec.slice': nameAndUid,
    },
    status: {
      '.status': {
        peer: required,
        state: required,
        ready: required,
        pid: optional,
        startedAt: optional,
        ports: optional,
        restarts: required,
        exitCode: optional,
        signal: optional,
        reason: optional,
        message: optional,
      } satisfies FieldsOf<InstanceStatus>,
    },
  },
  Claim: {
    spec: {
      '.spec': {
        slice: required,
        peer: required,
        peerId: required,
        boot: required,
        incarnation: required,
        revision: required,
        state: required,
        specHash: required,
        score: required,
        seniority: required,
        index: optional,
        target: optional,
        leaving: optional,
        reason: optional,
      } satisfies FieldsOf<ClaimSpec>,
      '.spec.slice': nameAndUid,
      '.spec.target': { epoch: required, population: required } satisfies FieldsOf<
        NonNullable<ClaimSpec['target']>
      >,
    },
    status: {
      '.status': {
        predecessor: optional,
        successor: optional,
        viewedAt: optional,
      } satisfies FieldsOf<ClaimStatus>,
    },
  },
  TrustPolicy: {
    spec: {
      '.spec': { peers: optional, rules: required } satisfies FieldsOf<TrustPolicySpec>,
      '.spec.rules[]': {
        name: required,
        effect: optional,
        owners: required,
        drivers: optional,
      } satisfies FieldsOf<TrustRule>,
    },
    status: {},
  },
  CloudStatus: {
    spec: {},
    status: {
      '.status': {
        cloudId: required,
        size: required,
        freePeers: required,
        slices: required,
        meanLoad: required,
        known: required,
        epoch: required,
      } satisfies FieldsOf<CloudStatusStatus>,
      '.status.known': {
        alive: required,
        suspect: required,
        away: required,
        dead: required,
      } satisfies FieldsOf<CloudStatusStatus['known']>,
    },
  },
};
