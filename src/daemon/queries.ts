import { explainPlacement } from '../reconcilers/slice/explain.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { StatusError } from '../objects/status-error.ts';
import type { StackCounters } from '../gossip/stack.ts';
import type { CloudId, PeerId } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { Claim } from '../objects/kinds/claim.ts';
import type { Slice } from '../objects/kinds/slice.ts';
import type { Network } from '../network/network.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import type { PlacementRecords } from './world.ts';
import type { RingKeeper } from './ring-keeper.ts';

const liveTimeoutMs = 1_000;

/** What a daemon says of itself. */
export interface Info {
  readonly version: string;
  readonly cloudId: CloudId;
  readonly peer: string;
  readonly peerId: PeerId;
  readonly owner: string;
  readonly boot: number;
  readonly synced: boolean;
  readonly startedAt: string;
  /** Live peers that this one knows, itself included. */
  readonly alive: number;
  /** The aggregated size. */
  readonly size: number;
  readonly records: number;
}

interface Components {
  readonly catalog: LiveCatalog;
  readonly placement: PlacementRecords;
  readonly network: Network;
  readonly rings: RingKeeper;
  readonly info: () => Info;
  readonly gossip: () => StackCounters;
}

/** P2PCS's own questions under /p2pcs/v1: what Kubernetes has no words for. */
export class Queries {
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
    const { rings } = components;
    components.network.handle('ring', async (_, body) =>
      new TextEncoder().encode(
        JSON.stringify(rings.neighbours(new TextDecoder().decode(body)) ?? {}),
      ),
    );
  }

  async answer(name: string, parameters: Readonly<Record<string, string>>): Promise<Json> {
    switch (name) {
      case 'info':
        return {
          ...this.#components.info(),
          links: this.#components.network
            .links()
            .map(({ credential, rttMs }) => ({ peer: credential.peer.name, rttMs: rttMs ?? null })),
          network: { ...this.#components.network.counters() },
          gossip: { ...this.#components.gossip() },
        } as unknown as Json;
      case 'ring':
        return this.#ring(this.#slice(parameters), parameters['live'] === 'true');
      case 'explain-placement':
        return this.#explain(this.#slice(parameters));
      default:
        throw new StatusError(
          'NotFound',
          `no query ${name}; there are info, ring and explain-placement`,
        );
    }
  }

  #slice(parameters: Readonly<Record<string, string>>): Slice {
    const { slice: name, namespace = 'default' } = parameters;
    if (name === undefined || name === '') {
      throw new StatusError(
        'BadRequest',
        'which slice? add ?slice=NAME, and &namespace=NAMESPACE if not default',
      );
    }
    const slice = this.#components.catalog.get(kindKeys.slice, namespace, name);
    if (slice === undefined) {
      throw new StatusError(
        'NotFound',
        `slices.p2pcs.io "${name}" not found in namespace ${namespace}`,
        {
          name,
          group: 'p2pcs.io',
          kind: 'slices',
        },
      );
    }
    return slice as unknown as Slice;
  }

  #explain(slice: Slice): Json {
    const world = this.#components.placement.world();
    const view = world.slices.find(({ uid }) => uid === slice.metadata.uid);
    const peers = view === undefined ? [] : explainPlacement(view, world);
    return {
      slice: slice.metadata.name,
      namespace: slice.metadata.namespace ?? '',
      desired: slice.status?.desiredMembers ?? 0,
      held: slice.status?.heldMembers ?? 0,
      peers: peers.map((placement) => ({ ...placement })) as unknown as Json,
    };
  }

  /** The ring as the members wrote it into their claims, or as each of them says now. */
  async #ring(slice: Slice, live: boolean): Promise<Json> {
    const claims = this.#components.catalog
      .list(kindKeys.claim, slice.metadata.namespace)
      .map((object) => object as unknown as Claim)
      .filter(({ spec }) => spec?.slice.uid === slice.metadata.uid && spec.state === 'Held');
    const states = new Map((slice.status?.members ?? []).map(({ peer, state }) => [peer, state]));
    // Who announced its stop keeps its place; the ring closes without it.
    const isAway = ({ spec }: Claim): boolean => states.get(spec!.peer) === 'Away';
    const away = claims
      .filter(isAway)
      .map(({ spec }) => ({ peer: spec!.peer, index: spec!.index ?? -1 }));
    const present = claims.filter((claim) => !isAway(claim));
    const members = await Promise.all(
      present.map(async ({ spec, status }) => {
        const seen = live ? await this.#ask(spec!.peerId, slice.metadata.uid) : status;
        return {
          peer: spec!.peer,
          index: spec!.index ?? -1,
          state: states.get(spec!.peer) ?? 'Held',
          ...(seen?.predecessor === undefined ? {} : { predecessor: seen.predecessor }),
          ...(seen?.successor === undefined ? {} : { successor: seen.successor }),
          ...(seen?.viewedAt === undefined ? {} : { viewedAt: seen.viewedAt }),
          ...(live ? { answered: seen !== undefined, silent: seen === undefined } : {}),
        };
      }),
    );
    members.sort((a, b) => a.index - b.index);
    const problems = ringProblems(members);
    return {
      slice: slice.metadata.name,
      namespace: slice.metadata.namespace ?? '',
      members: members as unknown as readonly JsonObject[],
      away,
      closed: problems.length === 0,
      problems,
    };
  }

  async #ask(peer: PeerId, slice: string): Promise<Claim['status']> {
    const { network, rings } = this.#components;
    if (peer === network.self) return rings.neighbours(slice);
    try {
      const answer = await network.request(peer, 'ring', new TextEncoder().encode(slice), {
        timeoutMs: liveTimeoutMs,
      });
      const value = JSON.parse(new TextDecoder().decode(answer)) as Record<string, unknown>;
      const text = (key: string): string | undefined =>
        typeof value[key] === 'string' ? value[key].slice(0, 253) : undefined;
      const [predecessor, successor, viewedAt] = ['predecessor', 'successor', 'viewedAt'].map(text);
      return {
        ...(predecessor === undefined ? {} : { predecessor }),
        ...(successor === undefined ? {} : { successor }),
        ...(viewedAt === undefined ? {} : { viewedAt }),
      };
    } catch {
      return undefined;
    }
  }
}

interface RingMember {
  readonly peer: string;
  readonly predecessor?: string;
  readonly successor?: string;
  readonly silent?: boolean;
}

/** In words what keeps the members from being one cycle with symmetric neighbours; empty when nothing does. */
function ringProblems(members: readonly RingMember[]): readonly string[] {
  const problems: string[] = [];
  const byPeer = new Map(members.map((member) => [member.peer, member]));
  for (const { peer, successor, silent } of members) {
    if (silent === true) problems.push(`${peer} does not answer`);
    else if (successor === undefined) problems.push(`${peer} has no neighbours yet`);
    else if (!byPeer.has(successor))
      problems.push(`${peer} is followed by ${successor}, which is no member`);
    else if (
      byPeer.get(successor)?.silent !== true &&
      byPeer.get(successor)?.predecessor !== peer
    ) {
      problems.push(
        `${peer} is followed by ${successor}, which follows ${byPeer.get(successor)?.predecessor ?? 'nobody'}`,
      );
    }
  }
  if (problems.length > 0 || members.length === 0) return problems;
  const seen = new Set<string>();
  let at = members[0]!.peer;
  while (!seen.has(at)) {
    seen.add(at);
    at = byPeer.get(at)?.successor ?? at;
  }
  if (seen.size < members.length)
    problems.push(`the ring of ${members[0]!.peer} has ${seen.size} of ${members.length} members`);
  return problems;
}
