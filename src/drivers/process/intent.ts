import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { InstanceRequest } from '../driver.ts';
import { checkRequest } from '../check-request.ts';

/** What shall run, on disk before it does. One file an instance, replaced as a whole at each start. */
export interface Intent {
  readonly version: 1;
  readonly request: InstanceRequest;
  /** Counts the starts of this id; names the run files. */
  readonly attempt: number;
  /** The boot of the machine in which the attempt was made: in another one it cannot run any more. */
  readonly bootId: string;
  /** Wall clock, RFC 3339 with milliseconds. */
  readonly startedAt: string;
  readonly ports: Readonly<Record<string, number>>;
}

const intentBytesMax = 4 * 1024 * 1024;

/** Durable when it resolves. */
export async function writeIntent(path: string, intent: Intent): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(intent));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(path.slice(0, path.lastIndexOf('/')), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Undefined when there is none; throws when it cannot be understood, for then nobody may guess what runs. */
export function readIntent(path: string): Intent | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (text.length > intentBytesMax) throw new Error(`${path} is too large to be an intent`);
  const intent = JSON.parse(text) as Intent;
  if (intent.version !== 1)
    throw new Error(`${path} has version ${String(intent.version)}, known is 1`);
  checkRequest(intent.request);
  const known =
    Number.isSafeInteger(intent.attempt) &&
    typeof intent.bootId === 'string' &&
    typeof intent.startedAt === 'string' &&
    typeof intent.ports === 'object';
  if (!known) throw new Error(`${path} lacks fields of an intent`);
  return intent;
}
