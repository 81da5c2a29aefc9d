import { existsSync, readFileSync } from 'node:fs';

import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { writePrivate } from './private-file.ts';
import type { Bundle } from '../../trust/bundle.ts';
import type { CloudFile } from './cloud-file.ts';
import type { CloudFolder } from './cloud-folder.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The user's own choice stays, as long as its context exists. */
async function currentContext(path: string, names: readonly string[]): Promise<string | undefined> {
  if (!existsSync(path)) return names[0];
  const chosen = await parseKubeconfig(readFileSync(path, 'utf8'), path).catch(() => undefined);
  return names.find((name) => name === chosen?.currentContext) ?? names[0];
}

/**
 * One context a peer (`node3`: the first owner, namespace `default`), and with named owners `bob@node3` for each owner
 * and peer, in a namespace that is the owner's own. JSON, which is YAML too and read ten times as fast.
 */
export async function writeKubeconfig(
  folder: CloudFolder,
  cloud: CloudFile,
  bundles: readonly Bundle[],
): Promise<void> {
  const clusters = bundles.map(({ peer, api }) => ({
    name: peer.name,
    cluster: {
      server: `https://${api.host}:${api.port}`,
      'certificate-authority-data': base64(api.ca),
    },
  }));
  const users = bundles.flatMap(({ peer, api }) =>
    api.clients.map(({ owner, certificate, key }) => ({
      name: `${owner}@${peer.name}`,
      user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
    })),
  );
  const [first] = cloud.owners;
  const contextOf = (name: string, peer: string, owner: string): object => ({
    name,
    context: {
      cluster: peer,
      user: `${owner}@${peer}`,
      namespace: owner === first?.name ? 'default' : owner,
    },
  });
  const names = bundles.map(({ peer }) => peer.name);
  const plain = names.map((peer) => contextOf(peer, peer, first?.name ?? ''));
  const named = cloud.hasNamedOwners
    ? cloud.owners.flatMap(({ name }) =>
        names.map((peer) => contextOf(`${name}@${peer}`, peer, name)),
      )
    : [];
  const allNames = [
    ...names,
    ...(cloud.hasNamedOwners
      ? cloud.owners.flatMap(({ name }) => names.map((peer) => `${name}@${peer}`))
      : []),
  ];
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': await currentContext(folder.kubeconfig, allNames),
    contexts: [...plain, ...named],
    clusters,
    users,
  };
  const text = `${JSON.stringify(config, null, 2)}\n`;
  const isSame = existsSync(folder.kubeconfig) && readFileSync(folder.kubeconfig, 'utf8') === text;
  if (!isSame) writePrivate(folder.kubeconfig, text);
}
