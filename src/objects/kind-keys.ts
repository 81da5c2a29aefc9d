import type { KindKey } from './ids.ts';

/** The API group of everything that P2PCS defines. */
const group = 'p2pcs.io';
export const apiVersion: string = `${group}/v1alpha1`;

/** Keys of the kinds that the daemon itself knows. */
export const kindKeys = {
  slice: 'p2pcs.io/Slice' as KindKey,
  peer: 'p2pcs.io/Peer' as KindKey,
  instance: 'p2pcs.io/Instance' as KindKey,
  claim: 'p2pcs.io/Claim' as KindKey,
  trustPolicy: 'p2pcs.io/TrustPolicy' as KindKey,
  cloudStatus: 'p2pcs.io/CloudStatus' as KindKey,
  namespace: '/Namespace' as KindKey,
  event: '/Event' as KindKey,
} as const;
