import type { Liveness, MemberView } from '../../gossip/membership.ts';
import type { CloudId } from '../ids.ts';
import type { CloudStatusStatus } from './cloud-status.ts';

/** What gossip has averaged, unrounded. */
export interface CloudFigures {
  readonly cloudId: CloudId;
  readonly size: number;
  readonly freePeers: number;
  readonly meanLoad: number;
  readonly epoch: number;
}

/** The status of the one CloudStatus object, as this peer sees the cloud. */
export function deriveCloudStatus(
  figures: CloudFigures,
  members: readonly MemberView[],
  slices: number,
): CloudStatusStatus {
  const count = (state: Liveness): number =>
    members.filter((member) => member.state === state).length;
  return {
    cloudId: figures.cloudId,
    size: Math.max(1, Math.round(figures.size)),
    freePeers: Math.max(0, Math.round(figures.freePeers)),
    slices,
    meanLoad: figures.meanLoad.toFixed(2),
    known: {
      alive: count('alive'),
      suspect: count('suspect'),
      away: count('away'),
      dead: count('dead'),
    },
    epoch: figures.epoch,
  };
}
