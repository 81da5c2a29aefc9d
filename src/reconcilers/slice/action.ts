import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';

/** What the allocator wants done, in this order. Doing one twice, or not at all, costs time and never exactness. */
export type Action =
  /** Write this claim durably, then let others hear of it. */
  | { readonly type: 'writeClaim'; readonly namespace: string; readonly claim: ClaimSpec }
  /** Send my claim of this slice straight to these peers, retried; their answer is merged. */
  | {
      readonly type: 'sendClaim';
      readonly to: readonly PeerId[];
      readonly namespace: string;
      readonly slice: Uid;
    }
  /** Ask these peers for all claims of the slice and the deaths they know; report the count with `answered`. */
  | {
      readonly type: 'readClaims';
      readonly askId: number;
      readonly slice: Uid;
      readonly rivals: readonly PeerId[];
      readonly neighbours: readonly PeerId[];
      readonly timeoutMs: number;
      readonly enough: number;
    }
  /** Stop whatever of this slice runs here. */
  | { readonly type: 'stopWork'; readonly slice: Uid; readonly reason: string }
  /** My work of this slice may run: create what is missing. */
  | { readonly type: 'startWork'; readonly slice: Uid }
  | { readonly type: 'enterOverlay'; readonly slice: Uid; readonly contacts: readonly PeerId[] }
  | { readonly type: 'leaveOverlay'; readonly slice: Uid }
  | {
      readonly type: 'event';
      readonly slice: Uid;
      readonly severity: 'Normal' | 'Warning';
      readonly reason: 'Offered' | 'Joined' | 'Withdrawn' | 'Leaving' | 'Left' | 'Adopted';
      readonly message: string;
    };

export interface Step {
  readonly actions: readonly Action[];
  /** Monotonic ms at which to step again if nothing changes before; undefined: only on a change. */
  readonly wakeAtMs: number | undefined;
}
