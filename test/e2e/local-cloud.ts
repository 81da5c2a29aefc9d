import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const p2pctl: string = resolve(import.meta.dirname, '../../bin/p2pctl');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** The exit code that the test expects; anything else fails it with all that was printed. */
  readonly code?: number;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, whatever its exit code. */
export function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Output> {
  return new Promise((done, fail) => {
    const child = execFile(
      file,
      args,
      {
        maxBuffer: 64 << 20,
        env: { ...process.env, NO_COLOR: '1', ...options.env },
        timeout: 120_000,
      },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        if (options.code !== undefined && code !== options.code) {
          fail(
            new Error(
              `${file} ${args.join(' ')}: exit ${code}, expected ${options.code}\n${stdout}\n${stderr}`,
            ),
          );
        } else done({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Polls until `check` answers with something other than undefined; what it last saw goes into the failure. */
export async function eventually<T>(
  promise: string,
  check: () => Promise<T | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${promise}`, { cause: last });
    }
    await sleep(50);
  }
}

export interface Member {
  readonly peer: string;
  readonly state: string;
  readonly index: number;
}

export interface SliceJson {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly members: readonly Member[];
    readonly readyMembers: number;
    readonly heldMembers: number;
    readonly desiredMembers: number;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

export interface RingJson {
  readonly members: readonly {
    readonly peer: string;
    readonly predecessor?: string;
    readonly successor?: string;
    readonly silent?: boolean;
  }[];
}

export interface InstanceJson {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly index: number };
  readonly status: {
    readonly peer: string;
    readonly state: string;
    readonly pid?: number;
    readonly startedAt?: string;
    readonly ready?: boolean;
  };
}

/** Real daemons on loopback in a temporary home, driven through bin/p2pctl as a user would. */
export class LocalCloud {
  readonly home: string;
  readonly kubeconfig: string;
  readonly peers: readonly string[];

  private constructor(home: string, peers: number) {
    this.home = home;
    this.kubeconfig = join(home, 'kubeconfig');
    this.peers = Array.from({ length: peers }, (_, index) => `node${index + 1}`);
  }

  static async up(peers: number, options: readonly string[] = []): Promise<LocalCloud> {
    const home = join(await mkdtemp(join(tmpdir(), 'p2pcs-')), 'cloud');
    const cloud = new LocalCloud(home, peers);
    try {
      await run(p2pctl, ['up', '--peers', String(peers), '--home', home, ...options], { code: 0 });
    } catch (error) {
      await cloud.down();
      throw error;
    }
    return cloud;
  }

  /** p2pctl with this cloud's kubeconfig; `context` is a peer's name or OWNER@PEER. */
  ctl(
    args: readonly string[],
    options: RunOptions & { readonly context?: string } = {},
  ): Promise<Output> {
    const context = options.context === undefined ? [] : ['--context', options.context];
    return run(p2pctl, ['--kubeconfig', this.kubeconfig, ...context, ...args], {
      code: 0,
      ...options,
    });
  }

  /** `up` again: starts what is down. */
  async restart(): Promise<void> {
    await run(p2pctl, ['up', '--peers', String(this.peers.length), '--home', this.home], {
      code: 0,
    });
  }

  startNode(name: string): Promise<Output> {
    return run(p2pctl, ['start-node', name, '--home', this.home], { code: 0 });
  }

  async json<T>(args: readonly string[], context?: string): Promise<T> {
    const { stdout } = await this.ctl(
      [...args, '-o', 'json'],
      context === undefined ? {} : { context },
    );
    return JSON.parse(stdout) as T;
  }

  slice(name: string, context?: string): Promise<SliceJson> {
    return this.json<SliceJson>(['get', 'slice', name], context);
  }

  ring(name: string, context?: string): Promise<RingJson> {
    return this.json<RingJson>(['ring', name, '--live'], context);
  }

  async instances(slice: string, context?: string): Promise<readonly InstanceJson[]> {
    const list = await this.json<{ items: readonly InstanceJson[] }>(
      ['get', 'instances', '-l', `p2pcs.io/slice=${slice}`],
      context,
    );
    return list.items;
  }

  pid(peer: string): number {
    return Number(readFileSync(join(this.home, peer, 'p2pcsd.pid'), 'utf8').trim());
  }

  kill(peer: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pid(peer), signal);
  }

  /** Waits until the slice is Ready with this many members, and answers it. */
  ready(name: string, members: number, context?: string): Promise<SliceJson> {
    return eventually(`slice ${name} is ready with ${members} members`, async () => {
      const slice = await this.slice(name, context);
      const { status } = slice;
      if (status.readyMembers !== members || status.members.length !== members) {
        throw new Error(JSON.stringify(status));
      }
      return slice;
    });
  }

  /** Waits until the ring of these members is one cycle with symmetric neighbours. */
  ringOf(name: string, members: readonly string[], context?: string): Promise<RingJson> {
    return eventually(`one ring of ${members.join(', ')}`, async () => {
      const ring = await this.ring(name, context);
      const problem = ringProblem(ring, members);
      if (problem !== undefined) throw new Error(`${problem}: ${JSON.stringify(ring)}`);
      return ring;
    });
  }

  async down(): Promise<void> {
    if (existsSync(this.home)) {
      await run(p2pctl, ['down', '--home', this.home, '--instances']);
      for (const peer of await readdir(this.home)) {
        const file = join(this.home, peer, 'p2pcsd.pid');
        if (existsSync(file)) killIfOurs(Number(readFileSync(file, 'utf8')), this.home);
      }
    }
    await rm(join(this.home, '..'), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Why the ring is not one cycle of exactly these members with symmetric neighbours; undefined when it is. */
export function ringProblem(ring: RingJson, members: readonly string[]): string | undefined {
  const byPeer = new Map(ring.members.map((member) => [member.peer, member]));
  if (byPeer.size !== members.length || members.some((peer) => !byPeer.has(peer))) {
    return `members are ${[...byPeer.keys()].join(', ')}`;
  }
  for (const { peer, successor } of byPeer.values()) {
    if (byPeer.get(successor ?? '')?.predecessor !== peer)
      return `${peer} is not its successor's predecessor`;
  }
  const seen = new Set<string>();
  let at = members[0] ?? '';
  while (!seen.has(at)) {
    seen.add(at);
    at = byPeer.get(at)?.successor ?? '';
  }
  return seen.size === members.length ? undefined : `a cycle of ${seen.size}`;
}

/** True while a process with this pid lives (zombies do not). */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Pids of all living `sleep`s whose environment says that they are this slice's instances of this home. */
export async function workOf(home: string, slice: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      if (!environment.includes(`P2PCS_SLICE=${slice}`)) continue;
      // Not the shell that keeps its exit status.
      if (!readFileSync(`/proc/${entry}/cmdline`, 'utf8').startsWith('sleep\0')) continue;
      if (!readlinkSync(`/proc/${entry}/cwd`).startsWith(home)) continue;
      if (lives(Number(entry))) found.push(Number(entry));
    } catch {
      continue;
    }
  }
  return found;
}

function killIfOurs(pid: number, home: string): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(home)) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, which is what we want.
  }
}
