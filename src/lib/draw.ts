import type { Random } from './random.ts';

/** One of `items`, uniformly; undefined when there is none. */
export function drawOne<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : items[random.int(items.length)];
}

/** At most `count` of `items`, each at most once, in random order. The list itself is left as it is. */
export function drawSome<T>(items: readonly T[], count: number, random: Random): T[] {
  const pool = [...items];
  const taken = Math.max(0, Math.min(count, pool.length));
  for (let i = 0; i < taken; i++) {
    const j = i + random.int(pool.length - i);
    const chosen = pool[j] as T;
    pool[j] = pool[i] as T;
    pool[i] = chosen;
  }
  pool.length = taken;
  return pool;
}
