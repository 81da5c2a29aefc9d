// `npm stop`: stops the peers of this checkout's cloud and their work, then looks whether anything is left.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, '.p2pcs');

/** Processes that were started from within the cloud's folder: it is in their arguments or their environment. */
function leftovers(): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${name}/${file}`, 'latin1');
      } catch {
        return '';
      }
    };
    const isDaemon = read('cmdline').includes(`p2pcsd.mjs\0--home\0${home}/`);
    return isDaemon || read('environ').includes(`\0HOME=${home}/`);
  });
}

if (!existsSync(join(home, 'cloud.json'))) {
  console.log('No cloud of this checkout is there; `npm start` makes one.');
} else {
  const { status } = spawnSync(join(root, 'bin/p2pctl'), ['down', '--instances', '--home', home], {
    cwd: root,
    stdio: 'inherit',
  });
  const left = leftovers();
  if (left.length > 0) console.error(`Still running: ${left.join(', ')}`);
  else if (status === 0) console.log('Nothing of it runs any more; `npm start` takes it up again.');
  process.exitCode = left.length > 0 ? 1 : (status ?? 1);
}
