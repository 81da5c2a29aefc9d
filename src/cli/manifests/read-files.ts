import { createReadStream, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { CliError, wrongUse } from '../cli-error.ts';
import { manifestBytesMax, parseManifest } from '../../client/manifest.ts';
import type { ManifestObject } from '../../client/manifest.ts';

const isManifest = (name: string): boolean => /\.(ya?ml|json)$/.test(name);

function filesOf(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw wrongUse(`-f ${path}: there is no such file or folder`);
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path).filter(isManifest).toSorted();
  if (names.length === 0) throw wrongUse(`-f ${path}: no .yaml, .yml or .json file in this folder`);
  return names.map((name) => join(path, name));
}

async function readInput(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream('', { fd: 0, autoClose: false, signal })) {
    bytes += (chunk as Buffer).length;
    if (bytes > manifestBytesMax) throw new CliError('standard input: larger than 10 MiB');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The objects of files, folders (their manifests by name, not deeper) and `-`, in that order. */
export async function readManifests(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly ManifestObject[]> {
  const found: ManifestObject[] = [];
  for (const path of paths) {
    if (path === '-') {
      found.push(...parseManifest(await readInput(signal), 'standard input'));
      continue;
    }
    for (const file of filesOf(path)) {
      if (statSync(file).size > manifestBytesMax) throw new CliError(`${file}: larger than 10 MiB`);
      found.push(...parseManifest(readFileSync(file, 'utf8'), file));
    }
  }
  if (found.length === 0) throw new CliError(`no objects in ${paths.join(', ')}`);
  return found;
}
