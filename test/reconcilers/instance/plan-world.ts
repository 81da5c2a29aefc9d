import type {
  FoundWork,
  InstanceWorld,
  Place,
  SliceName,
} from '../../../src/reconcilers/instance/world.ts';
import type { PeerId, PeerName, Uid } from '../../../src/objects/ids.ts';
import type { InstanceTemplateSpec } from '../../../src/objects/kinds/slice.ts';
import type { PlanInput, WorkPlan } from '../../../src/reconcilers/instance/plan.ts';
import { instanceConfig } from '../../../src/reconcilers/instance/config.ts';
import { planInstances } from '../../../src/reconcilers/instance/plan.ts';
import { workId } from '../../../src/reconcilers/instance/work-labels.ts';

export const uid = 'uid-1' as Uid;
const slice: SliceName = { uid, namespace: 'default', name: 's' };
export const id: string = workId(slice);

export function place(more: Partial<Place> = {}, spec: Partial<InstanceTemplateSpec> = {}): Place {
  return {
    slice,
    hold: 'held',
    index: 2,
    template: { spec: { command: ['x'], ...spec } },
    templateHash: 'h1',
    allowedDrivers: ['process'],
    members: [],
    ...more,
  };
}

export function work(more: Partial<FoundWork> = {}): FoundWork {
  return {
    driver: 'process',
    id,
    slice,
    index: 2,
    state: 'running',
    pid: 7,
    startedAt: 'then',
    ports: {},
    templateHash: 'h1',
    graceMs: 3000,
    restarts: 0,
    failures: 0,
    ...more,
  };
}

export function ended(exit: FoundWork['exit'], more: Partial<FoundWork> = {}): FoundWork {
  const { pid: _, ...rest } = work({ state: 'exited', ...more });
  return exit === undefined ? rest : { ...rest, exit };
}

export function input(
  places: readonly Place[],
  found: readonly FoundWork[],
  more: Partial<PlanInput> = {},
): PlanInput {
  const world: InstanceWorld = {
    peer: 'node1' as PeerName,
    peerId: '12D3' as PeerId,
    places,
    records: [],
  };
  const drivers = [{ name: 'process', healthy: true }];
  return { world, found, drivers, memory: new Map(), nowMs: 0, ...more };
}

/** The plan of the one slice; undefined when there is none. */
export function planOf(given: PlanInput): WorkPlan | undefined {
  return planInstances(given, instanceConfig).get(uid);
}
