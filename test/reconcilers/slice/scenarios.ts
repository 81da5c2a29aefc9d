import type { AllocatorConfig, AllocatorRules } from '../../../src/reconcilers/slice/config.ts';
import type { CloudOptions } from './simulated-cloud.ts';
import type { SliceSpec } from '../../../src/objects/kinds/slice.ts';
import { lanAllocator } from '../../../src/reconcilers/slice/config.ts';
import { SimulatedCloud } from './simulated-cloud.ts';

export const template: NonNullable<SliceSpec['template']> = { spec: { command: ['sleep', '1'] } };

/** The allocator with some of its rules taken out. */
export function without(...rules: readonly (keyof AllocatorRules)[]): AllocatorConfig {
  const off = Object.fromEntries(rules.map((rule) => [rule, false]));
  return { ...lanAllocator, rules: { ...lanAllocator.rules, ...off } };
}

export function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** The value below which `share` of all values lie. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] ?? Infinity;
}

export function newCloud(options: CloudOptions): SimulatedCloud {
  const cloud = new SimulatedCloud(options);
  cloud.run(10);
  return cloud;
}

/**
 * Every peer thinks itself the best, as if all others' records were old: most volunteer at once. Rivalry as it is
 * here is rare otherwise, since positions are exact.
 */
export const everyoneVolunteers = {
  attributes: (at: number, viewer: number): Readonly<Record<string, string>> => ({
    cpuScore: String(at === viewer ? 1000 + at : at),
  }),
};
export const byScore: NonNullable<SliceSpec['rank']> = { by: [{ attribute: 'cpuScore' }] };

/** Freezes a share of the peers for 300-500 ms: those that speak before they hear. */
export function freezeSome(cloud: SimulatedCloud, share: number): void {
  for (const peer of cloud.peers) {
    if (cloud.random.next() >= share) continue;
    const forMs = cloud.between(300, 500);
    cloud.at(cloud.between(20, 80), () => cloud.freeze(peer, forMs));
  }
}

/** What must hold of every run once it is quiet: indexes differ, and work runs where a place is held, only there. */
export function disorder(cloud: SimulatedCloud): readonly string[] {
  const found = [...cloud.violations];
  const slices = new Set(
    cloud.peers.flatMap((peer) => peer.ownClaims().map(({ slice }) => slice.uid)),
  );
  for (const uid of slices) {
    const indexes = cloud.held(uid).map((peer) => peer.ownClaim(uid)?.index);
    if (new Set(indexes).size !== indexes.length)
      found.push(`${uid} has indexes ${indexes.join()}`);
  }
  for (const peer of cloud.up) {
    for (const [uid, state] of peer.work) {
      const claim = peer.ownClaim(uid);
      if (state !== 'none' && claim?.state !== 'Held') {
        found.push(`${peer.name} runs ${uid} with claim ${claim?.state}`);
      }
    }
    if (peer.ownClaims().some(({ state, boot }) => state === 'Offered' && boot === peer.boot)) {
      found.push(`${peer.name} is left half-claimed`);
    }
  }
  return found;
}
