import type { InstanceDraft } from './ports.ts';
import type { InstanceWorld, Place, SliceName } from './world.ts';
import type { WorkPlan } from './plan.ts';

/** `<slice>-<peer>`: one peer has at most one instance of a slice. */
export function instanceName(slice: SliceName, peer: string): string {
  return `${slice.name}-${peer}`;
}

/** The Instance object of one slice's work, as planned; undefined when there shall be none. */
export function instanceDraft(
  world: InstanceWorld,
  slice: SliceName,
  place: Place | undefined,
  plan: WorkPlan,
): InstanceDraft | undefined {
  const { status, shown, memory } = plan;
  if (status === undefined) return undefined;
  const metadata = place?.template?.metadata;
  const alive = shown !== undefined && shown.state !== 'exited';
  // What starts now is the new version, whatever is shown of the old one.
  const starting = plan.action?.type === 'start';
  const hash =
    alive && !starting ? shown.templateHash : (place?.templateHash ?? shown?.templateHash);
  const exit = shown?.exit;
  return {
    namespace: slice.namespace,
    name: instanceName(slice, world.peer),
    labels: { ...metadata?.labels, 'p2pcs.io/slice': slice.name },
    ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
    ownerReferences: [
      {
        apiVersion: 'p2pcs.io/v1alpha1',
        kind: 'Slice',
        name: slice.name,
        uid: slice.uid,
        controller: true,
      },
    ],
    spec: {
      slice: { name: slice.name, uid: slice.uid },
      peer: world.peer,
      peerId: world.peerId,
      index: (alive ? shown.index : place?.index) ?? shown?.index ?? 0,
      driver: plan.action?.driver ?? shown?.driver ?? place?.template?.spec.driver ?? '',
      templateHash: hash ?? '',
    },
    status: {
      peer: world.peer,
      state: status.state,
      ready: memory.ready && status.state === 'Running',
      ...(shown?.pid === undefined ? {} : { pid: shown.pid }),
      ...(alive && shown.startedAt !== undefined ? { startedAt: shown.startedAt } : {}),
      ...(alive && Object.keys(shown.ports).length > 0 ? { ports: shown.ports } : {}),
      restarts: plan.action?.type === 'start' ? plan.action.restarts : memory.restarts,
      ...(exit?.code === undefined ? {} : { exitCode: exit.code }),
      ...(exit?.signal === undefined ? {} : { signal: exit.signal }),
      ...(status.reason === undefined ? {} : { reason: status.reason }),
      ...(status.message === undefined ? {} : { message: status.message }),
    },
  };
}
