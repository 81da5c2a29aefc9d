// Bundles src/cli/main.ts and src/daemon/main.ts into dist/, and copies crds/ beside them.
// Everything is made in a folder of its own and renamed into place: a running launcher never
// sees half a bundle. Run by scripts/node; the launchers in bin/ call it when a source is newer.
import {
  readFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { withLock } from './lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const BUILD_MAX_MS = 60_000;
const ENTRIES = { p2pctl: 'src/cli/main.ts', p2pcsd: 'src/daemon/main.ts' };

async function build() {
  const { build: esbuild } = await import('esbuild').catch(() => {
    throw new Error(`esbuild is not installed; run \`npm install\` in ${root}`);
  });
  const startedAt = new Date();
  const fresh = join(dist, `.build.${process.pid}`);
  mkdirSync(join(dist, 'crds'), { recursive: true });
  mkdirSync(fresh);
  try {
    const entryPoints = Object.fromEntries(
      Object.entries(ENTRIES).filter(([, file]) => existsSync(join(root, file))),
    );
    if (Object.keys(entryPoints).length > 0) {
      const { outputFiles } = await esbuild({
        absWorkingDir: root,
        entryPoints,
        outdir: dist, // the maps' paths are relative to it
        write: false,
        outExtension: { '.js': '.mjs' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node22', // the oldest that scripts/node accepts
        sourcemap: 'linked',
        sourcesContent: false,
        keepNames: true,
        // Source text is kept in memory as long as the process lives: 40 % less of it is 8 MB less a daemon.
        minifyWhitespace: true,
        minifySyntax: true,
        lineLimit: 160,
        legalComments: 'none',
        loader: { '.yaml': 'text' },
        // Packages in CommonJS call `require` for Node's own modules.
        banner: {
          js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
        },
        logLevel: 'warning',
      });
      for (const { path, contents } of outputFiles) {
        writeFileSync(join(fresh, basename(path)), contents);
      }
    }
    // Maps first: a bundle is never beside the map of another one for longer than a rename.
    for (const name of readdirSync(fresh).toSorted((a, b) => b.length - a.length)) {
      renameSync(join(fresh, name), join(dist, name));
    }
    await replaceCrds(fresh);
    writeFileSync(stamp, '');
    utimesSync(stamp, startedAt, startedAt); // what was saved during the build is newer
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** CRDs go beside the bundle as JSON: reading YAML would be a tenth of a daemon's start. */
async function replaceCrds(fresh) {
  const { parse } = await import('yaml');
  const source = join(root, 'crds');
  const names = [];
  for (const file of existsSync(source) ? readdirSync(source) : []) {
    if (!file.endsWith('.yaml')) continue;
    const name = file.replace(/\.yaml$/, '.json');
    const crd = parse(readFileSync(join(source, file), 'utf8'), { version: '1.1' });
    writeFileSync(join(fresh, name), JSON.stringify(crd));
    renameSync(join(fresh, name), join(dist, 'crds', name));
    names.push(name);
  }
  for (const name of readdirSync(join(dist, 'crds'))) {
    if (!names.includes(name)) rmSync(join(dist, 'crds', name));
  }
}

/** Whether somebody else's build began after we were asked for one. */
const builtMeanwhile = () => existsSync(stamp) && statSync(stamp).mtimeMs > performance.timeOrigin;

try {
  mkdirSync(dist, { recursive: true });
  await withLock(join(dist, '.lock'), { ageMaxMs: BUILD_MAX_MS }, async () => {
    if (builtMeanwhile()) return;
    await build();
    if (process.argv.includes('--quiet')) return;
    for (const name of Object.keys(ENTRIES)) {
      const file = join(dist, `${name}.mjs`);
      if (existsSync(file)) console.log(`dist/${name}.mjs  ${statSync(file).size >> 10} KiB`);
    }
  });
} catch (error) {
  // esbuild has already said what is wrong with the sources.
  if (error.errors === undefined) console.error(`p2pcs: ${error.message}`);
  process.exitCode = 1;
}
