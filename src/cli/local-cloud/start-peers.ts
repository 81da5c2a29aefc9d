import { CliError } from '../cli-error.ts';
import { awaitOneCloud } from './await-one-cloud.ts';
import { inStage } from '../progress.ts';
import { isPortFree } from './free-ports.ts';
import { LocalCloud } from './local-cloud.ts';
import { lockCloud } from './lock.ts';
import { readCloudFile } from './cloud-file.ts';
import { startInTurn } from './start-in-turn.ts';
import { runningDaemon, spawnDaemon, stopDaemon } from './daemon-process.ts';
import type { Cli } from '../cli.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { LocalPeer } from './cloud-file.ts';
import type { PeerWish } from './local-cloud.ts';
import type { ProcessIdentity } from '../../drivers/process/proc.ts';
import type { RunningPeer } from './await-one-cloud.ts';

export interface StartOptions {
  readonly owners: readonly string[];
  /** Default: a minute, and two seconds a peer. */
  readonly timeoutMs?: number;
}

const graceMs = 5_000;
const defaultTimeoutMs = 60_000;
const perPeerMs = 2_000;

async function refuseTakenPorts(folder: CloudFolder, peers: readonly LocalPeer[]): Promise<void> {
  for (const { name, listenHost, listenPort, apiPort } of peers) {
    const ports = [
      ['127.0.0.1', apiPort, 'its API'],
      [listenHost, listenPort, 'other peers'],
    ] as const;
    for (const [host, port, purpose] of ports) {
      if (await isPortFree(host, port)) continue;
      throw new CliError(
        `cannot start ${name}: port ${port} of ${host}, which is for ${purpose}, is taken by another program`,
        1,
        [
          `who has it: ss -ltnp 'sport = :${port}'`,
          `the port is kept in ${folder.bundle(name)}; free it and try again`,
        ],
      );
    }
  }
}

/** What a start came to. */
export interface Started {
  readonly cloud: LocalCloud;
  /** Peers of this machine that run now. */
  readonly running: number;
}

function summary(cloud: LocalCloud, created: readonly string[]): string {
  const [owner, ...guests] = cloud.owners;
  const peers = cloud.peers.length === 1 ? '1 peer' : `${cloud.peers.length} peers`;
  const made =
    created.length === 0 || created.length === cloud.peers.length ? '' : ` (${created.length} new)`;
  return `${peers}${made} of ${owner}${guests.length > 0 ? `, guests: ${guests.join(', ')}` : ''}`;
}

/** Makes keys, certificates and bundles; names the running peers that hold older ones. */
async function prepare(
  cli: Cli,
  folder: CloudFolder,
  wishes: readonly PeerWish[],
  owners: readonly string[],
): Promise<LocalCloud> {
  const isNew = readCloudFile(folder) === undefined;
  return inStage(cli.terminal, isNew ? 'making a cloud' : 'opening the cloud', async (stage) => {
    stage.update('keys and certificates');
    const cloud = LocalCloud.ensure(folder, owners);
    const created = await cloud.ensurePeers(wishes);
    const changed = await cloud.refresh();
    stage.done(summary(cloud, created));
    const stale = changed.filter((name) => runningDaemon(folder, name) !== undefined);
    if (stale.length > 0) {
      cli.warn([
        `${stale.join(', ')} run with older credentials; to renew them: p2pctl down && p2pctl up`,
      ]);
    }
    return cloud;
  });
}

/** Makes what is missing, starts what is down among `wishes`, returns when all that run are one cloud. */
export async function startPeers(
  cli: Cli,
  folder: CloudFolder,
  wishes: readonly PeerWish[],
  options: StartOptions,
): Promise<Started> {
  const { terminal, signal } = cli;
  cli.cleanup(await lockCloud(folder, signal));
  const cloud = await prepare(cli, folder, wishes, options.owners);
  signal.throwIfAborted();

  const wanted = new Set(wishes.map(({ name }) => name));
  const isUp = ({ name }: LocalPeer): boolean => runningDaemon(folder, name) !== undefined;
  const down = cloud.peers.filter((peer) => wanted.has(peer.name) && !isUp(peer));
  const others = cloud.peers.filter((peer) => !down.includes(peer) && isUp(peer));
  await refuseTakenPorts(folder, down);
  // Ctrl-C and errors take back what was started here, and only that.
  const started: ProcessIdentity[] = [];
  let isKept = false;
  cli.cleanup(async () => {
    if (isKept || started.length === 0) return;
    await Promise.all(started.map((daemon) => stopDaemon(daemon, graceMs)));
    terminal.err('what was started just now has been stopped again\n');
  });

  const running = down.length + others.length;
  const label = down.length === 0 ? 'peers' : `starting ${down.length} of ${running} peers`;
  await inStage(terminal, label, async (stage) => {
    const startOne = (peer: LocalPeer): RunningPeer => {
      const process = spawnDaemon(folder, peer.name);
      started.push(process);
      stage.update(`${started.length} started`);
      return { bundle: cloud.readBundle(peer.name), process };
    };
    const fresh = await startInTurn(down, startOne, signal);
    const older = others.flatMap(({ name }): readonly RunningPeer[] => {
      const process = runningDaemon(folder, name);
      return process === undefined ? [] : [{ bundle: cloud.readBundle(name), process }];
    });
    await awaitOneCloud(folder, [...fresh, ...older], running, {
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs + running * perPeerMs,
      signal,
      report: (ready) => stage.update(`${ready} of ${running} know each other`),
    });
    stage.done(down.length === 0 ? `all ${running} run already` : `${running} peers, one cloud`);
  });
  isKept = true;
  return { cloud, running };
}
