import { randomBytes } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Driver, DriverInstance, InstanceRequest } from '../driver.ts';
import { checkRequest } from '../check-request.ts';
import { checkInstanceId } from '../instance-id.ts';
import { Turns } from '../turns.ts';
import { allocatePorts } from './allocate-ports.ts';
import {
  checkedCommand,
  markerVariable,
  workingFolder,
  workloadEnvironment,
} from './environment.ts';
import { execCommand } from './exec-command.ts';
import { type Intent, readIntent, writeIntent } from './intent.ts';
import { instanceOfRunFile, Layout } from './layout.ts';
import { LogFile, type LogLimits, logLimits } from './log-file.ts';
import { findProcesses, readBootId, readEnviron, signalProcess } from './proc.ts';
import { markerOf, ProcessInstance } from './process-instance.ts';
import { startSupervised } from './supervised-process.ts';
import { writeSuperviseScript } from './supervise-script.ts';

export interface ProcessDriverConfig {
  /** The driver's own folder, made if missing; short, for workloads may put sockets below it. */
  readonly root: string;
  /** The daemon's environment: PATH, LANG and TZ are handed on, nothing else. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly log?: LogLimits;
  /** Milliseconds between looks at what has no notification: log sizes, a workload whose shim was killed. */
  readonly pollMs?: number;
  /** The machine's boot; another one than before means that nothing of before runs. */
  readonly bootId?: string;
}

const pollMsDefault = 2000;

/**
 * Runs commands as plain processes of the daemon's user: for trusted work, isolation none. Each instance is a session
 * of its own under a small sh (supervise-script.ts), so it outlives the daemon and its exit status is known later.
 */
export class ProcessDriver implements Driver {
  readonly name = 'process';
  readonly isolation = 'none';
  readonly #layout: Layout;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #limits: LogLimits;
  readonly #pollMs: number;
  readonly #bootId: string | undefined;
  readonly #instances = new Map<string, ProcessInstance>();
  readonly #turns = new Turns();
  readonly #listeners = new Set<() => void>();
  #token = '';
  #opening: Promise<void> | undefined;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: ProcessDriverConfig) {
    this.#layout = new Layout(config.root);
    this.#environment = config.environment ?? {};
    this.#limits = config.log ?? logLimits;
    this.#pollMs = config.pollMs ?? pollMsDefault;
    this.#bootId = config.bootId;
  }

  async health(): Promise<{ readonly healthy: boolean; readonly message?: string }> {
    try {
      await this.#open();
      return { healthy: true };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { healthy: false, message: `the process driver cannot work on this machine: ${why}` };
    }
  }

  async list(): Promise<readonly DriverInstance[]> {
    await this.#open();
    const instances = [...this.#instances.values()];
    await Promise.all(instances.map(async (instance) => instance.refresh()));
    return instances
      .filter((instance) => this.#instances.get(instance.id) === instance)
      .map((instance) => instance.view());
  }

  async start(request: InstanceRequest): Promise<DriverInstance> {
    checkRequest(request);
    await this.#open();
    return this.#turns.run(request.id, async () => this.#startNow(request));
  }

  async stop(id: string, options: { readonly graceMs: number }): Promise<void> {
    checkInstanceId(id);
    await this.#open();
    await this.#turns.run(id, async () => {
      await this.#terminate(this.#instances.get(id), options.graceMs);
    });
    this.#changed();
  }

  async destroy(id: string): Promise<void> {
    checkInstanceId(id);
    await this.#open();
    await this.#turns.run(id, async () => {
      const instance = this.#instances.get(id);
      if (instance === undefined) return;
      await this.#terminate(instance, 0);
      // The intent first: without it the rest is debris that the next daemon clears away.
      await rm(this.#layout.request(id), { force: true });
      this.#instances.delete(id);
      instance.log.destroy();
      await rm(this.#layout.folder(id), { recursive: true, force: true });
      await this.#removeRunFiles(id);
    });
    this.#changed();
  }

  async exec(
    id: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ readonly code: number }> {
    const instance = await this.#find(id, `run ${command[0] ?? 'a command'} in`);
    const { request } = instance.intent;
    return execCommand(command, {
      folder: workingFolder(request, this.#layout.data(id)),
      env: this.#environmentOf(instance.intent),
      timeoutMs,
    });
  }

  async *logs(
    id: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<Uint8Array, void, void> {
    const instance = await this.#find(id, 'read the log of');
    yield* instance.log.read(options);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    this.#watcher?.close();
    clearInterval(this.#poll);
    this.#listeners.clear();
    await this.#turns.settled();
  }

  async #startNow(request: InstanceRequest): Promise<DriverInstance> {
    const { id } = request;
    let instance = this.#instances.get(id);
    await instance?.refresh();
    if (instance !== undefined && instance.state !== 'exited') return instance.view();

    await mkdir(this.#layout.data(id), { recursive: true, mode: 0o700 });
    const attempt = (instance?.intent.attempt ?? 0) + 1;
    try {
      // Nothing is written, and an older exit stays known, when the machine cannot run it anyway.
      const folder = workingFolder(request, this.#layout.data(id));
      const env = workloadEnvironment(request, this.#surroundings(id, {}));
      const command = checkedCommand(request, folder, env['PATH'] ?? '');

      await this.#terminate(instance, 0);
      const intent: Intent = {
        version: 1,
        request,
        attempt,
        bootId: this.#bootId ?? readBootId(),
        startedAt: new Date().toISOString(),
        ports: await this.#portsFor(request, instance),
      };
      await this.#removeRunFiles(id);
      await writeIntent(this.#layout.request(id), intent);
      instance ??= this.#remember(intent);
      instance.begin(intent);
      const { record, shim } = await startSupervised({
        supervise: this.#layout.supervise,
        run: this.#layout.run(id, attempt),
        exit: this.#layout.exit(id, attempt),
        log: this.#layout.log(id),
        folder,
        command,
        env: this.#environmentOf(intent),
      });
      instance.started(record);
      shim.once('exit', () => void this.#look(id));
    } catch (error) {
      if (instance === undefined)
        await rm(this.#layout.folder(id), { recursive: true, force: true });
      if (instance?.state === 'starting') {
        await this.#terminate(instance, 0);
        instance.notStarted();
      }
      this.#changed();
      if (error instanceof Error && error.message.startsWith('cannot start')) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot start instance ${id}: ${why}`, { cause: error });
    }
    this.#changed();
    return instance.view();
  }

  async #portsFor(
    request: InstanceRequest,
    previous: ProcessInstance | undefined,
  ): Promise<Record<string, number>> {
    const taken = new Set<number>();
    for (const other of this.#instances.values()) {
      if (other !== previous) for (const port of Object.values(other.intent.ports)) taken.add(port);
    }
    const names = (request.template.ports ?? []).map((port) => port.name);
    return allocatePorts(names, previous?.intent.ports ?? {}, taken);
  }

  #environmentOf(intent: Intent): Record<string, string> {
    return workloadEnvironment(intent.request, this.#surroundings(intent.request.id, intent.ports));
  }

  #surroundings(
    id: string,
    ports: Readonly<Record<string, number>>,
  ): Parameters<typeof workloadEnvironment>[1] {
    const marker = markerOf(id, this.#token);
    return { ports, home: this.#layout.data(id), marker, daemon: this.#environment };
  }

  async #terminate(instance: ProcessInstance | undefined, graceMs: number): Promise<void> {
    try {
      await instance?.terminate(graceMs);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot stop instance ${instance?.id}: ${why}; it is tried again`, {
        cause: error,
      });
    }
  }

  async #find(id: string, attempted: string): Promise<ProcessInstance> {
    checkInstanceId(id);
    await this.#open();
    const instance = this.#instances.get(id);
    if (instance !== undefined) return instance;
    throw new Error(`cannot ${attempted} instance ${id}: this peer has no such instance`);
  }

  #remember(intent: Intent): ProcessInstance {
    const { id } = intent.request;
    const log = new LogFile(this.#layout.log(id), this.#limits);
    const instance = new ProcessInstance(intent, log, this.#layout, this.#token);
    this.#instances.set(id, instance);
    return instance;
  }

  async #look(id: string): Promise<void> {
    const changed = await this.#instances
      .get(id)
      ?.refresh()
      .catch(() => false);
    if (changed === true) this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #removeRunFiles(id: string): Promise<void> {
    const files = await readdir(this.#layout.runFolder);
    const mine = files.filter((file) => instanceOfRunFile(file) === id);
    await Promise.all(
      mine.map(async (file) => rm(`${this.#layout.runFolder}/${file}`, { force: true })),
    );
  }

  async #open(): Promise<void> {
    this.#opening ??= this.#openNow().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
  }

  async #openNow(): Promise<void> {
    const bootId = this.#bootId ?? readBootId();
    await mkdir(this.#layout.runFolder, { recursive: true, mode: 0o700 });
    await mkdir(this.#layout.instancesFolder, { recursive: true, mode: 0o700 });
    await mkdir(this.#layout.unreadableFolder, { recursive: true, mode: 0o700 });
    this.#token = await this.#readToken();
    writeSuperviseScript(this.#layout.supervise);
    this.#watcher ??= watch(this.#layout.runFolder, { persistent: false }, (_event, file) => {
      const id = file?.endsWith('.exit') === true ? instanceOfRunFile(file) : undefined;
      if (id !== undefined) void this.#look(id);
    });
    this.#watcher.on('error', () => undefined);

    for (const id of await readdir(this.#layout.instancesFolder)) {
      await this.#recover(id, bootId);
    }
    await this.#killStrays();
    if (this.#closed) return;
    this.#poll = setInterval(() => this.#pollOnce(), this.#pollMs);
    this.#poll.unref();
  }

  async #recover(id: string, bootId: string): Promise<void> {
    let intent: Intent | undefined;
    try {
      intent = readIntent(this.#layout.request(id));
    } catch {
      // Nobody may guess what it should run. Its processes end as strays; what it wrote is put aside for its user.
      const aside = this.#layout.unreadable(id);
      await rm(aside, { recursive: true, force: true });
      await rename(this.#layout.folder(id), aside);
      await this.#removeRunFiles(id);
      return;
    }
    if (intent?.request.id === id) await this.#remember(intent).recover(bootId);
    else await rm(this.#layout.folder(id), { recursive: true, force: true });
  }

  #pollOnce(): void {
    for (const instance of this.#instances.values()) {
      void this.#look(instance.id);
      try {
        instance.log.rotateWhenLarge();
      } catch {
        // A full or vanished disk: the next poll tries again.
      }
    }
  }

  async #readToken(): Promise<string> {
    const known = await readFile(this.#layout.token, 'utf8').catch(() => '');
    if (/^[0-9a-f]{32}$/.test(known)) return known;
    const token = randomBytes(16).toString('hex');
    await writeFile(this.#layout.token, token, { mode: 0o600 });
    return token;
  }

  /** Work of this root that no running instance accounts for: its folder was taken away, or its command has ended. */
  async #killStrays(): Promise<void> {
    const kept = new Set<string>();
    for (const { id, state } of this.#instances.values()) {
      if (state === 'running') kept.add(markerOf(id, this.#token));
    }
    const marked = new RegExp(`(?:^|\\0)${markerVariable}=([a-z0-9-]+\\.${this.#token})\\0`);
    const strays = await findProcesses(({ pid }) => {
      const marker = marked.exec(readEnviron(pid).toString('latin1'))?.[1];
      return marker !== undefined && !kept.has(marker);
    });
    for (const stray of strays) signalProcess(stray, 'SIGKILL');
  }
}
