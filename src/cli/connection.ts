import { CliError, ExitCode } from './cli-error.ts';
import { HttpClient, PeerUnreachable } from '../client/http-client.ts';
import { discover, findResource } from '../client/discovery.ts';
import { nearest } from '../lib/nearest.ts';
import { wrongUse } from './cli-error.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { JsonObject } from '../objects/json.ts';
import type { KubeContext, Kubeconfig } from '../client/kubeconfig.ts';

/** A peer's API that has proven to be P2PCS. */
export class Connection {
  readonly client: HttpClient;
  readonly context: KubeContext;
  readonly kubeconfig: Kubeconfig;
  /** `-n`, or else the context's. */
  readonly namespace: string;
  /** The answer to /version. */
  readonly version: JsonObject;
  #resources: Promise<readonly ApiResource[]> | undefined;

  constructor(
    client: HttpClient,
    from: {
      readonly context: KubeContext;
      readonly kubeconfig: Kubeconfig;
      readonly namespace: string;
      readonly version: JsonObject;
    },
  ) {
    this.client = client;
    this.context = from.context;
    this.kubeconfig = from.kubeconfig;
    this.namespace = from.namespace;
    this.version = from.version;
  }

  /** All kinds that the peer serves; asked once. */
  resources(): Promise<readonly ApiResource[]> {
    this.#resources ??= discover(this.client);
    return this.#resources;
  }

  /** The kind that a word of the command line names; wrong use when there is none. */
  async resource(word: string): Promise<ApiResource> {
    const resources = await this.resources();
    const found = findResource(resources, word);
    if (found !== undefined) return found;
    const names = resources.flatMap(({ plural, singular, shortNames, categories }) => [
      plural,
      singular,
      ...shortNames,
      ...categories,
    ]);
    const meant = nearest(word, new Set(names));
    throw wrongUse(
      `the peer at ${this.context.server} has no kind "${word}"`,
      ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
      `kinds: ${[...new Set(resources.map((resource) => resource.plural))].join(', ')}`,
    );
  }
}

/** A living peer answers in milliseconds; one on a machine that is overloaded may need seconds. */
const firstAnswerTimeoutMs = 10_000;
/** How long another context may take to be named in an error message. */
const proposalTimeoutMs = 700;

const isP2pcs = (version: JsonObject): boolean =>
  typeof version['gitVersion'] === 'string' && version['gitVersion'].includes('+p2pcs');

async function answers(context: KubeContext): Promise<boolean> {
  const client = new HttpClient(context);
  try {
    const { body } = await client.request({ path: '/version', timeoutMs: proposalTimeoutMs });
    return isP2pcs(body as JsonObject);
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/** A context of the same owner whose peer answers now. */
async function proposal(
  kubeconfig: Kubeconfig,
  failed: KubeContext,
): Promise<KubeContext | undefined> {
  const owner = /^[^@]*@/.exec(failed.name)?.[0] ?? '';
  const others = kubeconfig.contexts.filter(
    (context) =>
      context.server !== failed.server &&
      (owner === '' ? !context.name.includes('@') : context.name.startsWith(owner)),
  );
  const alive = await Promise.all(others.slice(0, 16).map(answers));
  return others.find((_, index) => alive[index] === true);
}

async function unreachable(
  kubeconfig: Kubeconfig,
  context: KubeContext,
  reason: string,
): Promise<CliError> {
  const other = await proposal(kubeconfig, context);
  return new CliError(
    `the peer of context ${context.name} does not answer at ${context.server}: ${reason}`,
    ExitCode.unreachable,
    other === undefined
      ? ['no other peer in this kubeconfig answers either; start them: p2pctl up']
      : [`${other.name} answers: p2pctl --context ${other.name} …`],
  );
}

/** Asks /version first and refuses a server that is not P2PCS before anything else is sent to it. */
export async function connect(
  kubeconfig: Kubeconfig,
  context: KubeContext,
  options: { readonly namespace?: string | undefined; readonly signal: AbortSignal },
): Promise<Connection> {
  const client = new HttpClient(context);
  let version: JsonObject;
  try {
    const { token: _, ...anonymous } = context;
    const probe = context.token === undefined ? client : new HttpClient(anonymous);
    const answer = await probe.request({
      path: '/version',
      timeoutMs: firstAnswerTimeoutMs,
      signal: options.signal,
    });
    if (probe !== client) probe.close();
    version = answer.body as JsonObject;
  } catch (error) {
    client.close();
    if (error instanceof PeerUnreachable) {
      throw await unreachable(kubeconfig, context, error.message);
    }
    throw error;
  }
  if (!isP2pcs(version)) {
    client.close();
    throw new CliError(
      `context ${context.name} of ${kubeconfig.path} leads to ${context.server}, which is not P2PCS ` +
        `(it says ${JSON.stringify(version['gitVersion'] ?? 'no version')}); nothing else was sent there`,
      ExitCode.failed,
      ['name a kubeconfig of a P2PCS cloud: p2pctl --kubeconfig FILE …, or unset KUBECONFIG'],
    );
  }
  const namespace = options.namespace ?? context.namespace;
  return new Connection(client, { context, kubeconfig, namespace, version });
}
