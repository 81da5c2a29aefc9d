// Adds to package-lock.json the optional packages of other platforms that the registry in use
// does not carry. `npm install` leaves such packages out, and `npm ci` then refuses the lockfile
// everywhere. Run it by hand after a version changed: node scripts/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const OS = /\b(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|aix|win32)\b/;
const CPU = /\b(arm64|arm|x64|ia32|loong64|mips64el|ppc64|riscv64|s390x)\b/;

for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    if (place in lock.packages || `${path}/${place}` in lock.packages) continue;
    const os = OS.exec(name)?.[0];
    if (os === undefined || !/^\d/.test(version)) {
      console.log(`left out ${name}@${version} of ${path}: not a package of one platform`);
      continue;
    }
    const cpu = CPU.exec(name)?.[0];
    const libc = os === 'linux' ? (/musl/.test(name) ? 'musl' : 'glibc') : undefined;
    lock.packages[place] = {
      version,
      ...(cpu === undefined ? {} : { cpu: [cpu] }),
      ...(parent.dev === true ? { dev: true } : {}),
      ...(libc === undefined ? {} : { libc: [libc] }),
      optional: true,
      os: [os],
    };
    console.log(`added ${name}@${version}`);
  }
}

const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
