import { readFileSync } from 'node:fs';
import { HttpClient } from '../src/client/http-client.ts';
import { readJsonLines } from '../src/client/json-lines.ts';
import { parseKubeconfig } from '../src/client/kubeconfig.ts';
import type { JsonObject } from '../src/objects/json.ts';
import { LocalCloud, type SliceJson } from '../test/e2e/local-cloud.ts';

const slices = '/apis/p2pcs.io/v1alpha1/namespaces/default/slices';

/** A local cloud with a warm HTTPS client to each peer, so that a figure is the cloud's and not a process start's. */
export class MeasuredCloud {
  readonly cloud: LocalCloud;
  readonly #clients: ReadonlyMap<string, HttpClient>;

  private constructor(cloud: LocalCloud, clients: ReadonlyMap<string, HttpClient>) {
    this.cloud = cloud;
    this.#clients = clients;
  }

  static async up(peers: number): Promise<MeasuredCloud> {
    const cloud = await LocalCloud.up(peers);
    const config = await parseKubeconfig(readFileSync(cloud.kubeconfig, 'utf8'), cloud.kubeconfig);
    const clients = new Map<string, HttpClient>();
    for (const context of config.contexts) {
      if (cloud.peers.includes(context.name)) clients.set(context.name, new HttpClient(context));
    }
    return new MeasuredCloud(cloud, clients);
  }

  client(peer: string): HttpClient {
    const client = this.#clients.get(peer);
    if (client === undefined) throw new Error(`no client for ${peer}`);
    return client;
  }

  /** Creates a Slice through one peer; resolves when it is acknowledged. */
  async create(peer: string, name: string, spec: JsonObject): Promise<void> {
    await this.client(peer).request({
      method: 'POST',
      path: slices,
      body: { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', metadata: { name }, spec },
    });
  }

  async delete(peer: string, name: string): Promise<void> {
    await this.client(peer).request({ method: 'DELETE', path: `${slices}/${name}` });
  }

  async slice(peer: string, name: string): Promise<JsonObject> {
    return this.client(peer).json(`${slices}/${name}`);
  }

  query(
    peer: string,
    name: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> {
    return this.client(peer).json(`/p2pcs/v1/${name}`, parameters);
  }

  /** Calls back for every watch event of Slices on a peer, until aborted; resolves when the watch is open. */
  async watchSlices(
    peer: string,
    signal: AbortSignal,
    onEvent: (type: string, slice: SliceJson) => void,
  ): Promise<void> {
    const list = await this.client(peer).json(slices);
    const { resourceVersion } = list['metadata'] as { readonly resourceVersion: string };
    const chunks = this.client(peer).stream({
      path: slices,
      query: { watch: true, resourceVersion },
      signal,
    });
    void (async () => {
      try {
        for await (const line of readJsonLines(chunks)) {
          const event = line as unknown as { readonly type: string; readonly object: SliceJson };
          onEvent(event.type, event.object);
        }
      } catch {
        // The watch was aborted, or its peer was killed on purpose.
      }
    })();
  }

  async down(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    await this.cloud.down();
  }
}
