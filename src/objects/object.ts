import type { JsonObject } from './json.ts';
import type { Uid } from './ids.ts';

/** Reference to the object that this one belongs to; when all owners are gone it goes too. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: Uid;
  readonly controller?: boolean;
}

/** Kubernetes' ObjectMeta, the part that P2PCS keeps. Times are RFC 3339 in whole seconds, UTC. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: Uid;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  /** Local to the serving peer: counts changes of the spec. */
  readonly generation?: number;
  /** Local to the serving peer: a decimal that never goes back. */
  readonly resourceVersion?: string;
}

/** Any object of any kind. `Spec` and `Status` are the kind's own shapes. */
export interface ApiObject<Spec = JsonObject, Status = JsonObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Spec;
  readonly status?: Status;
}
