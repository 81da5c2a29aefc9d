/**
 * `npm run bench`: all benchmarks; `npm run bench -- NAME…`: some; `--json`: for machines; `--peers N`: another size.
 * Prints each figure beside what we hold ourselves to and what others need.
 */
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figures.ts';
import { table } from './figures.ts';
import { heal } from './heal.ts';
import { idle } from './idle.ts';
import { MeasuredCloud } from './measured-cloud.ts';
import { spread } from './spread.ts';
import { start } from './start.ts';

const benchmarks: Readonly<
  Record<string, (measured: MeasuredCloud) => Promise<readonly Figure[]>>
> = {
  idle,
  spread,
  start,
  heal,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    peers: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.length === 0 ? Object.keys(benchmarks) : positionals;
const unknown = names.filter((name) => benchmarks[name] === undefined);
const peers = Number(values.peers);
if (values.help || unknown.length > 0 || !Number.isInteger(peers) || peers < 6) {
  if (unknown.length > 0) console.error(`no benchmark ${unknown.join(', ')}`);
  console.error(
    `usage: npm run bench -- [${Object.keys(benchmarks).join('|')}]… [--peers N (6 or more)] [--json]`,
  );
  process.exit(values.help ? 0 : 2);
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
const say = (text: string): void => {
  if (!values.json) console.log(text);
};
say(`${machine}; ${peers} peers on loopback\n`);
const measured = await MeasuredCloud.up(peers);
const figures: Figure[] = [];
try {
  for (const name of names) {
    say(`${name} …`);
    figures.push(...(await benchmarks[name]!(measured)));
  }
} finally {
  await measured.down();
}
if (values.json) console.log(JSON.stringify({ machine, peers, figures }, null, 2));
else say(`\n${table(figures)}`);
