/**
 * The TrustPolicy that `up` puts into a peer's manifests folder: on this machine, every owner of the local cloud may
 * use every driver. Without it a peer serves its own owner only.
 */
export function trustManifest(peer: string, owners: readonly string[]): string {
  return `# Written by p2pctl up, and kept so: all owners of this local cloud may run anything on ${peer}.
# Rules of your own go into another file of this folder; a Deny wins over every Allow.
apiVersion: p2pcs.io/v1alpha1
kind: TrustPolicy
metadata:
  name: ${peer}-local-cloud
spec:
  peers: [${peer}]
  rules:
    - name: local-owners
      effect: Allow
      owners: [${owners.join(', ')}]
      drivers: ['*']
`;
}
