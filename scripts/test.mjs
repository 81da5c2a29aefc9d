// Runs the tests: `npm test`, `npm test -- test/store`, `npm test -- test/a.test.ts --test-only`.
// Options go to node as they are; a folder means every *.test.ts below it.
import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const places = args.filter((arg) => !arg.startsWith('-'));

const isFolder = (place) =>
  statSync(join(root, place), { throwIfNoEntry: false })?.isDirectory() ?? false;

const files = (places.length > 0 ? places : ['test']).flatMap((place) => {
  const found = globSync(isFolder(place) ? join(place, '**/*.test.ts') : place, { cwd: root });
  if (found.length === 0) {
    console.error(`p2pcs: no test at ${place}; name a folder, a file or a glob below test/`);
    process.exit(1);
  }
  return found;
});

const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    '--test-timeout=600000',
    '--test-reporter=./scripts/test-reporter.mjs',
    '--test-reporter-destination=stdout',
    ...options,
    ...[...new Set(files)].toSorted((a, b) => (a < b ? -1 : 1)),
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? code : 1;
});
