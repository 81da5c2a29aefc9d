import type { Uid } from '../../objects/ids.ts';
import type { SliceName } from './world.ts';

/** What an instance carries through its driver, so that a daemon that finds it knows what it is. */
export interface WorkLabels {
  readonly slice: SliceName;
  readonly index: number;
  readonly graceMs: number;
  readonly restarts: number;
  readonly failures: number;
}

/** The id under which a driver knows a slice's work here: one a slice, so that it cannot have two. At most 61 characters. */
export function workId(slice: SliceName): string {
  const name = slice.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  const uid = slice.uid
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(-20);
  return `${name}-${uid}`;
}

export function writeWorkLabels(labels: WorkLabels): Record<string, string> {
  return {
    uid: labels.slice.uid,
    namespace: labels.slice.namespace,
    slice: labels.slice.name,
    index: String(labels.index),
    graceMs: String(labels.graceMs),
    restarts: String(labels.restarts),
    failures: String(labels.failures),
  };
}

/** Undefined for an instance that no slice has started. */
export function readWorkLabels(labels: Readonly<Record<string, string>>): WorkLabels | undefined {
  const uid = labels['uid'];
  const namespace = labels['namespace'];
  const name = labels['slice'];
  if (uid === undefined || namespace === undefined || name === undefined) return undefined;
  const count = (key: string): number => {
    const value = Number(labels[key]);
    return Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    slice: { uid: uid as Uid, namespace, name },
    index: count('index'),
    graceMs: count('graceMs'),
    restarts: count('restarts'),
    failures: count('failures'),
  };
}
