// The demo, `npm start`: ten peers, the paper's slice of five, its ring, a kill, a heal. Everything goes through the
// public verbs of p2pctl, as a user would type them; what must hold is read back with -o json, and the exit code says
// whether it did. The cloud is left running.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';

interface Member {
  readonly peer: string;
  readonly state: string;
}
interface Ring {
  readonly closed: boolean;
  readonly problems: readonly string[];
  readonly members: readonly Member[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, '.p2pcs');
const sliceName = 'my-sub-cloud';
const peers = 10;
const size = 5;
const healTimeoutMs = 20_000;

const env = { ...process.env, KUBECONFIG: join(home, 'kubeconfig') };
const isPlain = process.stdout.isTTY !== true || (process.env['NO_COLOR'] ?? '') !== '';
const paint = (style: 'bold' | 'dim' | 'green' | 'red', text: string): string =>
  isPlain ? text : styleText(style, text);
const say = (text: string): void => console.log(text);
const title = (text: string): void => say(`\n${paint('bold', text)}`);
const passed = (text: string): void => say(`${paint('green', '✔')} ${text}`);

function hold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** Runs a verb and lets it print; fails when the verb does. */
function run(...args: readonly string[]): Promise<void> {
  say(paint('dim', `$ p2pctl ${args.join(' ')}`));
  return new Promise((done, fail) => {
    spawn(join(root, 'bin/p2pctl'), args, { cwd: root, env, stdio: 'inherit' })
      .on('error', fail)
      .on('exit', (code) => {
        if (code === 0) done();
        else fail(new Error(`p2pctl ${args.join(' ')} ended with ${code}`));
      });
  });
}

/** What a verb says with -o json. */
function read<T>(...args: readonly string[]): Promise<T> {
  return new Promise((done, fail) => {
    const child = spawn(join(root, 'bin/p2pctl'), [...args, '-o', 'json'], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.on('error', fail).on('close', (code) => {
      if (code === 0) done(JSON.parse(text) as T);
      else fail(new Error(`p2pctl ${args.join(' ')} ended with ${code}`));
    });
  });
}

/** Follows objects with `get -w`, a line a change. `next` answers with the moment at which a line first satisfied it. */
class Follower {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: string[] = [];
  readonly started: Promise<void>;
  #look: () => void = () => undefined;

  constructor(what: readonly string[], template: string) {
    const args = ['get', ...what, '-w', '-o', `jsonpath=${template}{"\\n"}`];
    const child = spawn(join(root, 'bin/p2pctl'), args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.started = new Promise((done, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#lines.push(line);
        done();
        this.#look();
      });
      child.on('error', fail);
    });
  }

  until(what: string, isReached: (lines: readonly string[]) => boolean): Promise<number> {
    return new Promise((done, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`${what}: not within ${healTimeoutMs / 1000} s`)),
        healTimeoutMs,
      );
      this.#look = () => {
        if (!isReached(this.#lines)) return;
        clearTimeout(timer);
        this.#look = () => undefined;
        done(performance.now());
      };
      this.#look();
    });
  }

  end(): void {
    this.#child.kill();
  }
}

/** The daemon of a peer; the pid file alone is not believed. */
function daemonOf(peer: string): number {
  const pid = Number(readFileSync(join(home, peer, 'p2pcsd.pid'), 'utf8'));
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  hold(words.includes(join(home, peer)), `pid ${pid} is not the daemon of ${peer}`);
  return pid;
}

/** Whether claims, as lines `slice,peer,predecessor,successor`, put exactly `members` on one ring, both ways. */
function isOneRing(lines: readonly string[], members: readonly string[]): boolean {
  const seen = new Map<string, { predecessor: string; successor: string }>();
  for (const line of lines) {
    const [slice, peer = '', predecessor = '', successor = ''] = line.split(',');
    if (slice === sliceName) seen.set(peer, { predecessor, successor });
  }
  const visited = new Set<string>();
  for (let at = members[0]!; !visited.has(at);) {
    visited.add(at);
    const next = seen.get(at)?.successor ?? '';
    if (seen.get(next)?.predecessor !== at) return false;
    at = next;
  }
  return visited.size === members.length && members.every((peer) => visited.has(peer));
}

const seconds = (fromMs: number, toMs: number): string =>
  `${((toMs - fromMs) / 1000).toFixed(1)} s`;

async function healAfterKill(before: Ring): Promise<void> {
  const members = before.members.map(({ peer }) => peer);
  // node1 is the peer that we speak to; any other member will do.
  const victim = members.find((peer) => peer !== 'node1')!;
  const survivors = members.filter((peer) => peer !== victim);
  const claims = new Follower(
    ['claims'],
    '{.spec.slice.name},{.spec.peer},{.status.predecessor},{.status.successor}',
  );
  const slice = new Follower(
    ['slice', sliceName],
    '{.status.readyMembers},{.status.members[*].peer}',
  );
  try {
    await Promise.all([claims.started, slice.started]);
    const pid = daemonOf(victim);
    say(paint('dim', `$ kill -9 ${pid}   # the daemon of ${victim}`));
    process.kill(pid, 'SIGKILL');
    const killedMs = performance.now();
    const closed = claims
      .until('the ring closed without it', (lines) => isOneRing(lines, survivors))
      .then((atMs) =>
        passed(`ring closed on ${survivors.length} after ${seconds(killedMs, atMs)}`),
      );
    const refilled = slice
      .until('its place was refilled', (lines) => {
        const [ready, peers = ''] = (lines.at(-1) ?? '').split(',');
        return ready === String(size) && !peers.split(' ').includes(victim);
      })
      .then((atMs) =>
        passed(`place refilled, ${size} ready again after ${seconds(killedMs, atMs)}`),
      );
    await Promise.all([closed, refilled]);
  } finally {
    claims.end();
    slice.end();
  }
  hold(
    (await membersOf()).every((peer) => peer !== victim),
    `${victim} is still a member`,
  );
}

const membersOf = async (): Promise<readonly string[]> =>
  (
    await read<{ status: { members: readonly Member[] } }>('get', 'slice', sliceName)
  ).status.members.map(({ peer }) => peer);

/** Asks every member itself until all of them agree. */
async function closedRing(): Promise<Ring> {
  const untilMs = performance.now() + healTimeoutMs;
  for (;;) {
    const ring = await read<Ring>('ring', sliceName, '--live');
    if (ring.closed && ring.members.length === size) return ring;
    if (performance.now() > untilMs) {
      throw new Error(
        `the ring is not closed: ${ring.problems.join('; ') || `${ring.members.length} members`}`,
      );
    }
  }
}

async function demo(): Promise<void> {
  title(`1. A cloud of ${peers} peers: each a daemon of its own, no server, no leader`);
  await run('up', '--peers', String(peers), '--home', home);

  title(`2. The paper's example: a slice of ${size} peers`);
  await run('apply', '-f', 'examples/paper-slice.yaml');
  await run('wait', `slice/${sliceName}`, '--for=condition=Ready', '--timeout', '20s');
  await run('get', 'instances', '-l', `p2pcs.io/slice=${sliceName}`);

  title('3. Its members, bound together by one ring');
  const before = await closedRing();
  await run('ring', sliceName, '--live');

  title('4. One of them dies');
  await healAfterKill(before);
  const after = await closedRing();
  await run('ring', sliceName, '--live');

  title('Go on');
  const hints: readonly (readonly [string, string])[] = [
    ['npx p2pctl get peers,slices', 'what there is'],
    [`npx p2pctl terminate-nodes ${sliceName} ${after.members[0]!.peer}`, "the paper's Figure 6"],
    ['npx p2pctl up', 'starts the killed peer again; it finds its place taken'],
    ['npx p2pctl monitor-instances', 'the size of the cloud, live'],
    ['npx p2pctl --help', 'everything else'],
    [`export KUBECONFIG=${env.KUBECONFIG}`, 'and then the real kubectl: kubectl get slices'],
    ['npm stop', 'stops all of it; what it knows stays in .p2pcs'],
  ];
  const width = Math.max(...hints.map(([command]) => command.length));
  for (const [command, meaning] of hints) {
    say(`  ${command.padEnd(width)}  ${paint('dim', `# ${meaning}`)}`);
  }
}

say(paint('bold', 'P2PCS: a cloud of peers, and what happens when one dies'));
try {
  await demo();
} catch (error) {
  console.error(`\n${paint('red', '✘')} ${(error as Error).message}`);
  console.error(`  the logs: ${home}/node*/p2pcsd.log; to stop everything: npm stop`);
  process.exitCode = 1;
}
