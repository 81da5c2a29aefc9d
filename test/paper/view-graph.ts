// Views as a graph, as the papers on peer sampling measure it: links count in both directions.
import { drawSome } from '../../src/lib/draw.ts';
import type { Random } from '../../src/lib/random.ts';

/** Each peer's view as indices into the same list; -1 stands for the dead. */
export type Views = readonly (readonly number[])[];

/** Neighbours of each peer in either direction, each once. */
function neighbours(views: Views): readonly (readonly number[])[] {
  const sets = views.map(() => new Set<number>());
  for (const [from, view] of views.entries()) {
    for (const to of view) {
      if (to < 0) continue;
      sets[from]?.add(to);
      sets[to]?.add(from);
    }
  }
  return sets.map((set) => [...set]);
}

/** Hops from `start` to everybody; -1 where there is no way. */
function hopsFrom(start: number, links: readonly (readonly number[])[]): Int32Array {
  const hops = new Int32Array(links.length).fill(-1);
  hops[start] = 0;
  const reached = [start];
  for (const at of reached) {
    for (const next of links[at] ?? []) {
      if (hops[next] !== -1) continue;
      hops[next] = (hops[at] ?? 0) + 1;
      reached.push(next);
    }
  }
  return hops;
}

/** Mean hops between peers, from `sources` random ones to all others. */
export function pathLength(views: Views, sources: number, random: Random): number {
  const links = neighbours(views);
  let sum = 0;
  for (const source of drawSome([...views.keys()], sources, random)) {
    for (const hops of hopsFrom(source, links)) sum += hops < 0 ? Infinity : hops;
  }
  return sum / (sources * (views.length - 1));
}

export function isConnected(views: Views): boolean {
  return views.length === 0 || hopsFrom(0, neighbours(views)).every((hops) => hops >= 0);
}

/** The views of those that stay, renumbered; who is removed becomes -1. */
export function removeSome(views: Views, share: number, random: Random): Views {
  const kept = drawSome([...views.keys()], Math.round(views.length * (1 - share)), random);
  const places = new Map(kept.map((old, place) => [old, place]));
  return kept.map((old) => (views[old] ?? []).map((to) => places.get(to) ?? -1));
}

export function inDegrees(views: Views): number[] {
  const degrees = views.map(() => 0);
  for (const view of views)
    for (const to of view) if (to >= 0) degrees[to] = (degrees[to] ?? 0) + 1;
  return degrees;
}

export function deadLinksPerPeer(views: Views): number {
  return views.reduce((dead, view) => dead + view.filter((to) => to < 0).length, 0) / views.length;
}

export function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
