// The house rules that no compiler keeps. Each failure says what to write instead.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface SourceFile {
  readonly path: string;
  /** As it is on disk. */
  readonly text: string;
  /** Comments and the inside of strings blanked; every line keeps its place. */
  readonly code: string;
  readonly imports: readonly Import[];
}

interface Import {
  readonly specifier: string;
  readonly line: number;
  /** The file meant by a relative specifier. */
  readonly path: string | undefined;
}

type Rule = (files: readonly SourceFile[]) => string[];

const root = fileURLToPath(new URL('..', import.meta.url));

// Reading sources

/** Blanks comments and, unless `keepStrings`, the inside of strings, templates and expressions. */
function blank(text: string, keepStrings: boolean): string {
  let out = '';
  let at = 0;
  let lastCode = '';
  const braces: ('{' | '${')[] = [];
  const spaces = (part: string): string => part.replaceAll(/[^\n]/g, ' ');
  const skip = (pattern: RegExp, keep: boolean): boolean => {
    pattern.lastIndex = at;
    const part = pattern.exec(text)?.[0];
    if (part === undefined) return false;
    out += keep ? part : spaces(part);
    at += part.length;
    return true;
  };
  const template = (): void => {
    skip(/(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y, false);
    if (text[at - 1] === '{') braces.push('${');
    lastCode = text[at - 1] === '{' ? '{' : 'x';
  };
  while (at < text.length) {
    const char = text.charAt(at);
    if (skip(/\/\/[^\n]*|\/\*[^]*?\*\//y, false)) continue;
    if (skip(/'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y, keepStrings)) {
      lastCode = 'x';
      continue;
    }
    // A slash opens an expression unless a value stands before it.
    if (char === '/' && !/[\w$)\]]/.test(lastCode)) {
      if (skip(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y, false)) {
        lastCode = 'x';
        continue;
      }
    }
    at += 1;
    if (char === '`') {
      out += ' ';
      template();
    } else if (char === '}' && braces.pop() === '${') {
      out += ' ';
      template();
    } else {
      if (char === '{') braces.push('{');
      if (!/\s/.test(char)) lastCode = char;
      out += char;
    }
  }
  return out;
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

const IMPORT =
  /\b(?:import|export)\b[^'";]*?\bfrom\s*(['"])(.*?)\1|\bimport\s*\(?\s*(['"])(.*?)\3/g;

function parse(path: string, text: string): SourceFile {
  const withStrings = blank(text, true);
  const imports = [...withStrings.matchAll(IMPORT)].map((found) => {
    const specifier = found[2] ?? found[4] ?? '';
    return {
      specifier,
      line: lineOf(withStrings, found.index + found[0].length),
      path: specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined,
    };
  });
  return { path, text, code: blank(text, false), imports };
}

const CODE = /\.(?:ts|mts|mjs|js)$/;
const IGNORED = new Set(['node_modules', 'dist', '.git', '.p2pcs', 'coverage']);

function readTree(): SourceFile[] {
  return globSync('**/*', {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => IGNORED.has(entry.name) || entry.name.startsWith('.setup-lock'),
  })
    .concat(globSync('{.*,.ci/**}', { cwd: root, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return CODE.test(path) ? parse(path, text) : { path, text, code: '', imports: [] };
    });
}

// Saying what is wrong

/** A pattern that may not occur, and what to write instead. */
type Ban = readonly [pattern: RegExp, instead: string];

function banned(file: SourceFile, bans: readonly Ban[]): string[] {
  return bans.flatMap(([pattern, instead]) =>
    [...file.code.matchAll(pattern)].map((found) => {
      const line = lineOf(file.code, found.index);
      return `${file.path}:${line}: \`${found[0].trim()}\` is not for this folder; ${instead}`;
    }),
  );
}

function bannedImports(file: SourceFile, why: (found: Import) => string | undefined): string[] {
  return file.imports.flatMap((found) => {
    const instead = why(found);
    if (instead === undefined) return [];
    return [`${file.path}:${found.line}: imports '${found.specifier}'; ${instead}`];
  });
}

const inFolder = (path: string | undefined, ...names: string[]): boolean =>
  path !== undefined && names.some((name) => path.startsWith(`src/${name}/`));

// The rules

const PURE = ['lib', 'objects', 'gossip', 'trust', 'store'];
const isPlan = (path: string): boolean => /^src\/reconcilers\/[^/]+\/plan\.ts$/.test(path);

const CLOCK: Ban[] = [
  [/(?<![.\w$])Date\.now\b|\bnew Date\(\s*\)/g, 'take the time as an argument or from `Clock`'],
  [/(?<![.\w$])performance\s*\./g, 'take the time as an argument or from `Clock`'],
];
const PURE_BANS: Ban[] = [
  ...CLOCK,
  [/(?<![.\w$])Math\.random\b/g, 'take a `Random` from the caller, so that a run is its seed'],
  [
    /(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g,
    'let the host call `cycle()`; a pure machine is fed and never waits',
  ],
  [/(?<![.\w$])console\s*\./g, 'return a value or count it; the host prints'],
  [
    /(?<![.\w$])(?:async\b(?!\s*[:,}=])|await\b(?!\s*[:,}=])|Promise\b)/g,
    'return the value, or data that says what to do; the caller acts and waits',
  ],
];
const PATIENT_BANS: Ban[] = [
  ...CLOCK,
  [
    /(?<![.\w$])(?:setTimeout|setInterval|setImmediate)\b/g,
    'use the injected `Clock`, so that the simulator can run it',
  ],
];
const SOCKETS_AND_FILES =
  /^(?:node:)?(?:net|tls|dgram|dns|http|https|http2|fs|child_process|cluster|worker_threads|sqlite|timers|readline)(?:\/|$)/;

/** The pure folders, every plan.ts, and what a plan imports from the reconcilers. */
function pureFiles(files: readonly SourceFile[]): SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const pure = new Set(files.filter(({ path }) => inFolder(path, ...PURE) || isPlan(path)));
  for (const file of pure) {
    if (!inFolder(file.path, 'reconcilers')) continue;
    for (const { path } of file.imports) {
      const imported = inFolder(path, 'reconcilers') ? byPath.get(path ?? '') : undefined;
      if (imported !== undefined) pure.add(imported);
    }
  }
  return [...pure].filter(({ path }) => CODE.test(path) && !path.endsWith('.d.ts'));
}

/** Where a `let` or `var` stands outside every function and class. */
function moduleLets(file: SourceFile): string[] {
  const found: string[] = [];
  let depth = 0;
  for (const token of file.code.matchAll(/[{([]|[})\]]|(?<![.\w$])(?:let|var)\s/g)) {
    if ('{(['.includes(token[0])) depth += 1;
    else if ('})]'.includes(token[0])) depth -= 1;
    else if (depth === 0) {
      const line = lineOf(file.code, token.index);
      found.push(`${file.path}:${line}: a module holds state; put it in a class or pass it in`);
    }
  }
  return found;
}

const pureRing: Rule = (files) =>
  pureFiles(files).flatMap((file) => [
    ...banned(file, PURE_BANS),
    ...moduleLets(file),
    ...bannedImports(file, ({ specifier, path }) => {
      if (path === undefined) {
        if (specifier === 'cborg' || specifier.startsWith('cborg/')) return undefined;
        return 'a pure file imports no package but cborg; have the caller inject it';
      }
      if (inFolder(path, ...PURE)) return undefined;
      if (inFolder(path, 'reconcilers') && inFolder(file.path, 'reconcilers')) return undefined;
      return `a pure file imports from src/{${PURE.join(',')}} only; move the type there`;
    }),
  ]);

const patientRing: Rule = (files) =>
  files
    .filter(({ path }) => inFolder(path, 'controller', 'reconcilers'))
    .flatMap((file) => [
      ...banned(file, PATIENT_BANS),
      ...bannedImports(file, ({ specifier }) =>
        SOCKETS_AND_FILES.test(specifier)
          ? 'controllers reach the world through a driver, the client or `Clock`'
          : undefined,
      ),
    ]);

const libp2pStaysInNetwork: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('src/') && !inFolder(path, 'network'))
    .flatMap((file) =>
      bannedImports(file, ({ specifier }) =>
        /^(?:libp2p|@libp2p\/.*|@chainsafe\/.*|@multiformats\/.*)$/.test(specifier)
          ? 'libp2p is known in src/network only; use its contract, src/network/network.ts'
          : undefined,
      ),
    );

const layers: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((file) =>
      bannedImports(file, ({ path }) => {
        for (const shell of ['daemon', 'cli']) {
          if (inFolder(path, shell) && !inFolder(file.path, shell)) {
            return `nobody imports src/${shell}; move what is shared to the folder it is about`;
          }
        }
        if (inFolder(file.path, 'cli') && inFolder(path, 'store', 'network', 'gossip')) {
          return 'p2pctl speaks only the API; ask the client for it';
        }
        return undefined;
      }),
    );

const names: Rule = (files) =>
  files
    .filter(({ path }) => /^(?:src|test|bench|scripts)\//.test(path))
    .flatMap(({ path }) => {
      if (/(?:^|\/)utils?(?:\/|\.)/i.test(path)) {
        return [`${path}:1: a file is named for the one thing it exports, not "utils"`];
      }
      if (/\/index\.(?:ts|mts|mjs|js)$/.test(path)) {
        return [`${path}:1: no barrels; import each thing from the file that defines it`];
      }
      return [];
    });

// Put together here, or this file would name one itself.
const SESSION_FOLDER = new RegExp(String.raw`(?<![\w.~$}/-])/${'work'}/`, 'g');

const noSessionPaths: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    [...text.matchAll(SESSION_FOLDER)].map(
      (found) =>
        `${path}:${lineOf(text, found.index)}: names a folder of one machine; ` +
        'use a path relative to the repository',
    ),
  );

const RULES: Readonly<Record<string, Rule>> = {
  'pure files see no clock, dice, timer, promise, console or package': pureRing,
  'controllers and reconcilers wait only through the injected clock': patientRing,
  'libp2p is imported in src/network only': libp2pStaysInNetwork,
  'nobody imports the daemon or the CLI, and the CLI speaks only the API': layers,
  'files are named for what they export, without utils and barrels': names,
  'no file names a path of the machine it was written on': noSessionPaths,
};

const tree = readTree();
for (const [name, rule] of Object.entries(RULES)) {
  test(name, () => {
    const found = rule(tree);
    assert.ok(found.length === 0, `\n${found.join('\n')}`);
  });
}

// The rules themselves

const MISTAKES: readonly [Rule, path: string, text: string, line: number][] = [
  [pureRing, 'src/gossip/a.ts', '\nconst at = Date.now();', 2],
  [pureRing, 'src/lib/a.ts', 'export const at = `${Math.random()}`;', 1],
  [pureRing, 'src/lib/a.ts', "import { x } from 'node:fs';", 1],
  [pureRing, 'src/lib/a.ts', "import type {\n  X,\n} from '../api/x.ts';", 3],
  [pureRing, 'src/lib/a.ts', 'export let count = 0;', 1],
  [pureRing, 'src/store/a.ts', 'export async function f() {}', 1],
  [pureRing, 'src/reconcilers/slice/plan.ts', 'setTimeout(() => {}, 1);', 1],
  [patientRing, 'src/controller/a.ts', 'const t = setInterval(f, 1);', 1],
  [patientRing, 'src/reconcilers/slice/reconciler.ts', "import fs from 'node:fs/promises';", 1],
  [libp2pStaysInNetwork, 'src/api/a.ts', "export type { X } from '@libp2p/interface';", 1],
  [layers, 'src/api/a.ts', "const x = await import('../daemon/x.ts');", 1],
  [layers, 'src/cli/a.ts', "import { x } from '../store/x.ts';", 1],
  [names, 'src/lib/utils.ts', '', 1],
  [names, 'src/lib/utils/x.ts', '', 1],
  [names, 'src/gossip/index.ts', '', 1],
  [noSessionPaths, 'README.md', `cd /${'work'}/main`, 1],
];

const FINE: readonly [Rule, path: string, text: string][] = [
  [pureRing, 'src/lib/a.ts', "// Date.now()\nconst a = 'await'; const b = /async '/; let_(b);"],
  [pureRing, 'src/lib/a.ts', 'export function f() {\n  let n = 0;\n  return `let ${n} {`;\n}'],
  [pureRing, 'src/lib/a.ts', 'const half = (a / 2) / b; // Promise\nfor (let i = 0; ;) {}'],
  [pureRing, 'src/store/a.ts', "import { encode } from 'cborg';\nimport { x } from '../lib/x.ts';"],
  [layers, 'src/daemon/main.ts', "import { x } from './wiring.ts';"],
  [libp2pStaysInNetwork, 'src/network/host.ts', "import { createLibp2p } from 'libp2p';"],
  [noSessionPaths, 'README.md', `see examples/${'work'}/ and https://x.io/${'work'}/`],
];

test('each rule names the file and the line of a mistake', () => {
  for (const [rule, path, text, line] of MISTAKES) {
    const found = rule([parse(path, text)]);
    assert.equal(found.length, 1, `${path}: ${text}\n${found.join('\n')}`);
    assert.ok(found[0]?.startsWith(`${path}:${line}: `), found[0]);
  }
  for (const [rule, path, text] of FINE) {
    assert.deepEqual(rule([parse(path, text)]), [], `${path}: ${text}`);
  }
});

test('what a plan imports from the reconcilers is pure as well', () => {
  const plan = parse('src/reconcilers/slice/plan.ts', "import { x } from './place.ts';");
  const place = parse('src/reconcilers/slice/place.ts', 'export const at = new Date();');
  assert.equal(pureRing([plan, place]).length, 1);
});
