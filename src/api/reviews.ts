import type { Json, JsonObject } from '../objects/json.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Identity } from '../trust/certificates.ts';
import type { Backend } from './backend.ts';
import { ownerOrganization } from './owner-organization.ts';
import type { KindRegistry } from './kind-registry.ts';
import { isJsonObject } from './schema.ts';

/** A question in the shape of an object: it is posted, answered and never stored. */
export interface Review {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  /** Fills in the status. */
  review(identity: Identity, object: JsonObject): Promise<JsonObject>;
}

const readVerbs = ['get', 'list', 'watch'];
const allVerbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

const part = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** The self-subject reviews of Kubernetes: who am I, and what may I do. */
export function createReviews(backend: Backend, kinds: KindRegistry): readonly Review[] {
  /** Whether a verb on a resource would be let through, and if not, in whose words. */
  async function decide(identity: Identity, attributes: JsonObject): Promise<JsonObject> {
    const [verb, group, plural] = [
      text(attributes['verb']),
      text(attributes['group']),
      text(attributes['resource']),
    ];
    const isAny = verb === '*' || group === '*' || plural === '*';
    if (isAny)
      return {
        allowed: false,
        reason: 'nobody may do everything; ask about one verb on one resource',
      };
    const kind = kinds
      .all()
      .find((candidate) => candidate.group === group && candidate.plural === plural);
    if (kind === undefined)
      return { allowed: false, reason: `there is no resource ${plural} in group "${group}"` };
    if (!readVerbs.includes(verb) && kind.writer !== 'owner') {
      return { allowed: false, reason: kind.readOnlyHint };
    }
    if (!allVerbs.includes(verb))
      return { allowed: false, reason: `there is no verb ${verb} on ${plural}` };
    try {
      const name = text(attributes['name']);
      const namespace = kind.namespaced ? text(attributes['namespace']) : '';
      await backend.authorize(identity, verb, kind.key, namespace, name === '' ? undefined : name);
      return { allowed: true };
    } catch (error) {
      if (error instanceof StatusError) return { allowed: false, reason: error.message };
      throw error;
    }
  }

  return [
    {
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectReview',
      plural: 'selfsubjectreviews',
      singular: 'selfsubjectreview',
      review: (identity, object) =>
        Promise.resolve({
          ...object,
          status: {
            userInfo: {
              username: identity.owner,
              groups: [ownerOrganization, 'system:authenticated'],
            },
          },
        }),
    },
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectAccessReview',
      plural: 'selfsubjectaccessreviews',
      singular: 'selfsubjectaccessreview',
      async review(identity, object) {
        const spec = part(object['spec']);
        if (isJsonObject(spec['resourceAttributes'])) {
          return { ...object, status: await decide(identity, spec['resourceAttributes']) };
        }
        const isRead = text(part(spec['nonResourceAttributes'])['verb']) === 'get';
        return { ...object, status: { allowed: isRead } };
      },
    },
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectRulesReview',
      plural: 'selfsubjectrulesreviews',
      singular: 'selfsubjectrulesreview',
      review: (_identity, object) =>
        Promise.resolve({
          ...object,
          status: {
            resourceRules: kinds.all().map((kind) => ({
              apiGroups: [kind.group],
              resources: [kind.plural],
              verbs: kind.writer === 'owner' ? allVerbs : readVerbs,
            })),
            nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['*'] }],
            incomplete: true,
            evaluationError:
              "whose namespace it is, and a machine's TrustPolicy, decide in the end",
          },
        }),
    },
  ];
}
