import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

import { formatBytes } from '../../lib/quantity.ts';
import { isPortFree } from '../local-cloud/free-ports.ts';
import { readCloudFile } from '../local-cloud/cloud-file.ts';
import { runningDaemon } from '../local-cloud/daemon-process.ts';
import type { CloudFile } from '../local-cloud/cloud-file.ts';
import type { CloudFolder } from '../local-cloud/cloud-folder.ts';

/** One thing that was looked at. `warning`: it works, but not as well as it could. */
export interface Finding {
  readonly name: string;
  readonly verdict: 'good' | 'warning' | 'bad';
  readonly found: string;
  /** What to do about it. */
  readonly help?: string;
}

const nodeMajorMin = 22;
const diskBytesLow = 1 << 30;
const diskBytesMin = 100 << 20;
/** A daemon holds sockets to its peers and clients, a database and the logs of its instances. */
const descriptorsMin = 1024;

export function judgeNode(version: string): Finding {
  const isNew = Number(version.split('.')[0]) >= nodeMajorMin;
  return {
    name: 'Node.js',
    verdict: isNew ? 'good' : 'bad',
    found: version,
    ...(isNew ? {} : { help: `install Node.js ${nodeMajorMin} or newer` }),
  };
}

export function judgeDisk(freeBytes: number, path: string): Finding {
  const found = `${formatBytes(freeBytes)} free at ${path}`;
  if (freeBytes >= diskBytesLow) return { name: 'disk', verdict: 'good', found };
  const verdict = freeBytes < diskBytesMin ? 'bad' : 'warning';
  return {
    name: 'disk',
    verdict,
    found,
    help: 'make room, or keep the cloud elsewhere: --home DIR',
  };
}

/** `limits` is /proc/self/limits. */
export function judgeDescriptors(limits: string): Finding {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  const name = 'file descriptors';
  if (soft === undefined) return { name, verdict: 'warning', found: 'the limit is unknown' };
  const isEnough = soft === 'unlimited' || Number(soft) >= descriptorsMin;
  return {
    name,
    verdict: isEnough ? 'good' : 'bad',
    found: `${soft} a process`,
    ...(isEnough ? {} : { help: `ulimit -n ${descriptorsMin * 4}, and then: p2pctl up` }),
  };
}

/** Certificates are valid from the moment of their making, so a clock before it refuses everything. */
export function judgeClock(
  nowMs: number,
  createdAt: string | undefined,
  isSynced: boolean,
): Finding {
  const found = new Date(nowMs).toISOString();
  const createdMs = Date.parse(createdAt ?? '');
  if (nowMs < createdMs) {
    return {
      name: 'clock',
      verdict: 'bad',
      found: `${found}, before the cloud was made (${createdAt!})`,
      help: 'set the clock; peers refuse certificates that are not valid yet',
    };
  }
  if (isSynced)
    return { name: 'clock', verdict: 'good', found: `${found}, kept by systemd-timesyncd` };
  return {
    name: 'clock',
    verdict: 'good',
    found: `${found}; whether somebody keeps it is unknown`,
  };
}

function checkNamespaces(): Finding {
  const { status } = spawnSync('/bin/sh', ['-c', 'unshare --user --map-root-user true'], {
    stdio: 'ignore',
    timeout: 5_000,
  });
  const name = 'namespaces';
  if (status === 0) return { name, verdict: 'good', found: 'user namespaces work' };
  const isMissing = status === 127;
  const found = isMissing ? 'there is no unshare to try them' : 'user namespaces are not allowed';
  return {
    name,
    verdict: 'warning',
    found: `${found}; the driver "process" needs none`,
    help: 'only isolated instances would need them: sysctl user.max_user_namespaces',
  };
}

async function checkPeers(folder: CloudFolder, cloud: CloudFile): Promise<readonly Finding[]> {
  const down = cloud.peers.filter(({ name }) => runningDaemon(folder, name) === undefined);
  const names = down.map(({ name }) => name).join(', ');
  const running = `${cloud.peers.length - down.length} of ${cloud.peers.length} run`;
  const taken: string[] = [];
  for (const { name, listenHost, listenPort, apiPort } of down) {
    if (!(await isPortFree(listenHost, listenPort))) taken.push(`${listenPort} of ${name}`);
    if (!(await isPortFree('127.0.0.1', apiPort))) taken.push(`${apiPort} of ${name}`);
  }
  return [
    down.length === 0
      ? { name: 'daemons', verdict: 'good', found: running }
      : {
          name: 'daemons',
          verdict: 'warning',
          found: `${running}; down: ${names}`,
          help: `start them: p2pctl up --home ${folder.path}`,
        },
    taken.length === 0
      ? { name: 'ports', verdict: 'good', found: 'those of peers that are down are free' }
      : {
          name: 'ports',
          verdict: 'bad',
          found: `taken by other programs: ${taken.join(', ')}`,
          help: 'end those programs (ss -ltnp names them); ports of a peer stay as they are',
        },
  ];
}

/** Looks at what a peer on this machine needs, and at the peers of the cloud in the folder. */
export async function checkMachine(folder: CloudFolder): Promise<readonly Finding[]> {
  const cloud = readCloudFile(folder);
  let place = folder.path;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
  return [
    judgeNode(process.versions.node),
    judgeDisk(bavail * bsize, place),
    judgeClock(Date.now(), cloud?.createdAt, existsSync('/run/systemd/timesync/synchronized')),
    judgeDescriptors(limits),
    checkNamespaces(),
    ...(cloud === undefined
      ? [
          {
            name: 'cloud',
            verdict: 'warning',
            found: 'there is none here or above',
            help: 'make one: p2pctl up --peers 3',
          } as const,
        ]
      : await checkPeers(folder, cloud)),
  ];
}
