import { CliError, ExitCode } from './cli-error.ts';
import { StatusError } from '../objects/status-error.ts';
import { nearest } from '../lib/nearest.ts';
import type { ApiObject } from '../objects/object.ts';
import type { Connection } from './connection.ts';
import type { Instance } from '../objects/kinds/instance.ts';
import type { Peer } from '../objects/kinds/peer.ts';
import type { Slice } from '../objects/kinds/slice.ts';

const root = '/apis/p2pcs.io/v1alpha1';

const list = async <T>(connection: Connection, plural: string): Promise<readonly T[]> =>
  (await connection.client.json(`${root}/${plural}`))['items'] as unknown as readonly T[];

/** Reads a peer by name; names the nearest one when it is not known. */
export async function readPeer(connection: Connection, name: string): Promise<Peer> {
  try {
    return (await connection.client.json(
      `${root}/peers/${encodeURIComponent(name)}`,
    )) as unknown as Peer;
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
    const names = (await list<ApiObject>(connection, 'peers')).map((peer) => peer.metadata.name);
    const meant = nearest(name, names);
    throw new CliError(`the cloud knows no peer ${name}`, ExitCode.failed, [
      ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
      'who is there: p2pctl get peers',
    ]);
  }
}

/** The slices, of any namespace, that have the peer as a member. */
export const slicesOf = async (connection: Connection, peer: string): Promise<readonly Slice[]> =>
  (await list<Slice>(connection, 'slices')).filter((slice) =>
    (slice.status?.members ?? []).some((member) => member.peer === peer),
  );

export const instancesOn = async (
  connection: Connection,
  peer: string,
): Promise<readonly Instance[]> =>
  (await list<Instance>(connection, 'instances')).filter(
    (instance) => instance.status?.peer === peer,
  );
