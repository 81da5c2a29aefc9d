import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where a local cloud keeps everything; scripts rely on these names (docs/cli.md). */
export class CloudFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get cloud(): string {
    return join(this.path, 'cloud.json');
  }
  get lock(): string {
    return join(this.path, 'lock');
  }
  get rootKey(): string {
    return join(this.path, 'root.key');
  }
  get kubeconfig(): string {
    return join(this.path, 'kubeconfig');
  }
  ownerKey(owner: string): string {
    return join(this.path, 'owners', `${owner}.key`);
  }
  ownerCertificate(owner: string): string {
    return join(this.path, 'owners', `${owner}.cert`);
  }
  /** The daemon's home. */
  peer(name: string): string {
    return join(this.path, name);
  }
  bundle(peer: string): string {
    return join(this.peer(peer), 'bundle.json');
  }
  policy(peer: string): string {
    return join(this.peer(peer), 'manifests', 'local-cloud.yaml');
  }
  log(peer: string): string {
    return join(this.peer(peer), 'p2pcsd.log');
  }
  pid(peer: string): string {
    return join(this.peer(peer), 'p2pcsd.pid');
  }
  /** Where the process driver of a peer keeps its work. */
  processes(peer: string): string {
    return join(this.peer(peer), 'instances', 'process');
  }
  /** Key of the CA of a peer's API: owners that are added later get their client certificates from it. */
  apiCaKey(peer: string): string {
    return join(this.path, 'api-ca', `${peer}.key`);
  }
  bundleForOthers(peer: string): string {
    return join(this.path, 'bundles', `${peer}.json`);
  }
}

/** `--home`, else the nearest local cloud from `cwd` upwards, else `.p2pcs` in `cwd`. */
export function findCloudFolder(option: string | undefined, cwd: string): CloudFolder {
  if (option !== undefined) return new CloudFolder(resolve(cwd, option));
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = new CloudFolder(join(folder, '.p2pcs'));
    if (existsSync(candidate.cloud)) return candidate;
    if (dirname(folder) === folder) return new CloudFolder(join(cwd, '.p2pcs'));
  }
}
