import { nearest } from '../lib/nearest.ts';
import { wrongUse } from './cli-error.ts';
import type { KubeContext, Kubeconfig } from '../client/kubeconfig.ts';

export interface ContextChoice {
  /** `--context` */
  readonly context?: string | undefined;
  /** `--peer`: the context of that peer, as the same owner. */
  readonly peer?: string | undefined;
}

function named(config: Kubeconfig, name: string, option: string): KubeContext {
  const found = config.contexts.find((context) => context.name === name);
  if (found !== undefined) return found;
  const names = config.contexts.map((context) => context.name);
  const meant = nearest(name, names);
  const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ');
  throw wrongUse(
    `${option} ${name}: ${config.path} has no such context`,
    ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
    `it has: ${shown}`,
  );
}

/** `bob@node3` is bob at node3; a plain `node3` is its first owner there. */
const ownerOf = (context: string): string | undefined =>
  context.includes('@') ? context.slice(0, context.indexOf('@')) : undefined;

/** The context to use: `--context`, else the one of `--peer`, else the current one, else the only one. */
export function chooseContext(config: Kubeconfig, choice: ContextChoice): KubeContext {
  if (choice.context !== undefined && choice.peer !== undefined) {
    throw wrongUse('--context and --peer both choose a server; give one of the two');
  }
  if (choice.context !== undefined) return named(config, choice.context, '--context');
  if (choice.peer !== undefined) {
    const owner = ownerOf(config.currentContext ?? '');
    return named(config, owner === undefined ? choice.peer : `${owner}@${choice.peer}`, '--peer');
  }
  if (config.currentContext !== undefined) {
    return named(config, config.currentContext, 'current-context');
  }
  const [only, ...others] = config.contexts;
  if (only !== undefined && others.length === 0) return only;
  throw wrongUse(
    `${config.path} has no current-context`,
    'name one: p2pctl --context NAME …',
    `it has: ${config.contexts.map((context) => context.name).join(', ')}`,
  );
}
