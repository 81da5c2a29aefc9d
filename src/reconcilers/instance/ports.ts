import type { Instance, InstanceSpec, InstanceStatus } from '../../objects/kinds/instance.ts';
import type { OwnerReference } from '../../objects/object.ts';
import type { InstanceWorld, SliceName } from './world.ts';

/** An Instance as its peer wants it to read; uid and times are the store's. */
export interface InstanceDraft {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  readonly spec: InstanceSpec;
  readonly status: InstanceStatus;
}

/** What happened to a slice's work here; for the events of the Slice and its Instance. */
export interface InstanceEvent {
  readonly slice: SliceName;
  /** Name of the Instance, in the slice's namespace. */
  readonly instance: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason:
    | 'Started'
    | 'StartFailed'
    | 'Exited'
    | 'Stopping'
    | 'Stopped'
    | 'StopFailed'
    | 'WriteFailed';
  readonly message: string;
}

/** What the reconciler needs of the daemon around it. */
export interface InstancePorts {
  /**
   * What this peer knows now; synchronous, read right before acting. `found` are the slices whose work the drivers
   * have: those without a claim of this boot are kept until the allocator says `stopWork`.
   */
  world(found: readonly SliceName[]): InstanceWorld;
  /** Creates or replaces it; resolves when it is durable and `world` shows it. */
  writeInstance(draft: InstanceDraft): Promise<void>;
  removeInstance(instance: Instance): Promise<void>;
  event(event: InstanceEvent): void;
  /** `workOf` may answer differently now. */
  workChanged(): void;
}
