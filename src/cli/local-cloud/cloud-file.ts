import { existsSync, readFileSync } from 'node:fs';

import { CliError } from '../cli-error.ts';
import { writePrivate } from './private-file.ts';
import type { CloudFolder } from './cloud-folder.ts';

/** One peer of this machine; its ports stay as they were found first. */
export interface LocalPeer {
  readonly name: string;
  readonly peerId: string;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly apiPort: number;
}

export interface LocalOwner {
  readonly name: string;
  readonly namespaces: readonly string[];
}

/** What `up` remembers; no secrets. */
export interface CloudFile {
  readonly version: 1;
  readonly id: string;
  /** Base64 of the raw public key. */
  readonly rootKey: string;
  readonly createdAt: string;
  /** Owners were named: contexts `OWNER@nodeK` are written too. */
  readonly hasNamedOwners: boolean;
  /** The first one owns the machines. */
  readonly owners: readonly LocalOwner[];
  readonly peers: readonly LocalPeer[];
  /** Names for which add-peer wrote a bundle. */
  readonly elsewhere: readonly string[];
}

/** Undefined when there is no cloud in the folder yet. */
export function readCloudFile(folder: CloudFolder): CloudFile | undefined {
  if (!existsSync(folder.cloud)) return undefined;
  let found: Partial<CloudFile>;
  try {
    found = JSON.parse(readFileSync(folder.cloud, 'utf8')) as Partial<CloudFile>;
  } catch (error) {
    throw new CliError(`cannot read ${folder.cloud}: ${(error as Error).message}`);
  }
  if (found.version !== 1 || !Array.isArray(found.peers) || !Array.isArray(found.owners)) {
    throw new CliError(`${folder.cloud} is not a cloud file of version 1`);
  }
  return found as CloudFile;
}

export const writeCloudFile = (folder: CloudFolder, cloud: CloudFile): void =>
  writePrivate(folder.cloud, `${JSON.stringify(cloud, null, 2)}\n`);
