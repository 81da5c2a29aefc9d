import { apiVersion, kindKeys } from '../objects/kind-keys.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Peer } from '../objects/kinds/peer.ts';
import type { ApiObject } from '../objects/object.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import { measureCpuScore, readAttributes } from './attributes.ts';
import type { Logger } from './logger.ts';
import type { OwnRecords } from './own-records.ts';

const everyMs = 60_000;

interface Components {
  readonly records: OwnRecords;
  readonly credential: PeerCredential;
  readonly drivers: readonly Driver[];
  readonly addresses: () => readonly string[];
  readonly logger: Logger;
}

interface About {
  readonly dataDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly boot: number;
  readonly startedAt: string;
}

/** Publishes this machine's Peer object: what it has, whose it is. Written when something in it changed. */
export class OwnPeer {
  readonly #components: Components;
  readonly #about: About;
  readonly #cpuScore = measureCpuScore();
  #attributes: Readonly<Record<string, string>> = {};
  #timer: NodeJS.Timeout | undefined;
  #labels: Readonly<Record<string, string>> | undefined;

  constructor(components: Components, about: About) {
    this.#components = components;
    this.#about = about;
  }

  /** The first publication; resolves when it is on disk. */
  async start(): Promise<void> {
    await this.publish();
    this.#timer = setInterval(() => {
      this.publish().catch((error: unknown) => {
        this.#components.logger.warn('cannot publish this machine', { error });
      });
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Numbers for the gossip's quantiles. */
  attributes(): Readonly<Record<string, string>> {
    return this.#attributes;
  }

  /** The owner's labels from the manifests folder, instead of the bundle's; undefined: the bundle's again. */
  async setLabels(labels: Readonly<Record<string, string>> | undefined): Promise<void> {
    this.#labels = labels;
    await this.publish();
  }

  async publish(): Promise<void> {
    const { records, credential, drivers, addresses } = this.#components;
    const { dataDirectory, version, boot, startedAt } = this.#about;
    const labels = this.#labels ?? this.#about.labels;
    this.#attributes = await readAttributes(dataDirectory, this.#cpuScore);
    const health = await Promise.all(
      drivers.map(async (driver) => ({ name: driver.name, ...(await driver.health()) })),
    );
    const { name, owner, peer: peerId, issuedAtMs } = credential.peer;
    const peer: Peer = {
      apiVersion,
      kind: 'Peer',
      metadata: {
        name,
        uid: records.uidOf('peer'),
        creationTimestamp: new Date(issuedAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        ...(Object.keys(labels).length === 0 ? {} : { labels }),
      },
      spec: { owner, peerId, addresses: addresses() },
      status: { attributes: this.#attributes, drivers: health, version, boot, startedAt },
    };
    await records.put(kindKeys.peer, peer as unknown as ApiObject, { durable: false });
  }
}
