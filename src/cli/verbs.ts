import type { Cli } from './cli.ts';
import type { Command } from 'commander';

/** What every file in commands/ exports: adds arguments, options, examples and the action to its command. */
export interface VerbModule {
  define(command: Command, cli: Cli): void;
}

export interface Verb {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  /** It works on this machine's files and processes; no server is chosen for it. */
  readonly isLocal?: boolean;
  /** Loaded only when it runs, so that no verb pays for another one's start. */
  load(): Promise<VerbModule>;
}

const objects = 'Objects';
const slices = 'Slices and peers';
const paper = "The paper's verbs";
const local = 'A cloud on this machine';

/** Every verb, a line each. */
export const verbs: readonly Verb[] = [
  {
    name: 'get',
    group: objects,
    summary: 'list objects, or watch them',
    load: () => import('./commands/get.ts'),
  },
  {
    name: 'describe',
    group: objects,
    summary: 'show all about objects, events included',
    load: () => import('./commands/describe.ts'),
  },
  {
    name: 'apply',
    group: objects,
    summary: 'make objects what files say',
    load: () => import('./commands/apply.ts'),
  },
  {
    name: 'diff',
    group: objects,
    summary: 'show what apply would change',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'create',
    group: objects,
    summary: 'make objects that are not there yet',
    load: () => import('./commands/create.ts'),
  },
  {
    name: 'replace',
    group: objects,
    summary: 'make objects exactly what files say',
    load: () => import('./commands/replace.ts'),
  },
  {
    name: 'edit',
    group: objects,
    summary: 'change objects in your editor',
    load: () => import('./commands/edit.ts'),
  },
  {
    name: 'patch',
    group: objects,
    summary: 'change some fields of objects',
    load: () => import('./commands/patch.ts'),
  },
  {
    name: 'label',
    group: objects,
    summary: 'set or remove labels of objects',
    load: () => import('./commands/label.ts'),
  },
  {
    name: 'annotate',
    group: objects,
    summary: 'set or remove annotations of objects',
    load: () => import('./commands/annotate.ts'),
  },
  {
    name: 'delete',
    group: objects,
    summary: 'delete objects and wait until they are gone',
    load: () => import('./commands/delete.ts'),
  },
  {
    name: 'scale',
    group: objects,
    summary: 'set the size of a slice',
    load: () => import('./commands/scale.ts'),
  },
  {
    name: 'wait',
    group: objects,
    summary: 'wait for a condition, a value or a deletion',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'explain',
    group: objects,
    summary: 'document a kind and its fields',
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'api-resources',
    group: objects,
    summary: 'list the kinds that the peer serves',
    load: () => import('./commands/api-resources.ts'),
  },
  {
    name: 'logs',
    group: objects,
    summary: 'print what instances write',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'events',
    group: objects,
    summary: 'list what happened lately',
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'ring',
    group: slices,
    summary: 'draw the ring of a slice',
    load: () => import('./commands/ring.ts'),
  },
  {
    name: 'explain-placement',
    group: slices,
    summary: 'say of each peer why it is in a slice or not',
    load: () => import('./commands/explain-placement.ts'),
  },
  {
    name: 'cloudstatus',
    group: slices,
    summary: 'show the size of the cloud, as gossip counts it',
    load: () => import('./commands/cloudstatus.ts'),
  },
  {
    name: 'top',
    group: slices,
    summary: 'list the peers with their load, the busiest first',
    load: () => import('./commands/top.ts'),
  },
  {
    name: 'config',
    group: slices,
    summary: 'show the kubeconfig and choose a context',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'completion',
    group: slices,
    summary: 'print what makes your shell complete',
    isLocal: true,
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'version',
    group: slices,
    summary: 'print the versions of p2pctl and of the peer',
    load: () => import('./commands/version.ts'),
  },
  {
    name: 'start-node',
    group: paper,
    summary: 'start one peer on this machine',
    isLocal: true,
    load: () => import('./commands/start-node.ts'),
  },
  {
    name: 'run-nodes',
    group: paper,
    summary: 'create a slice of so many peers',
    load: () => import('./commands/run-nodes.ts'),
  },
  {
    name: 'add-new-nodes',
    group: paper,
    summary: 'add peers to a slice',
    load: () => import('./commands/add-new-nodes.ts'),
  },
  {
    name: 'terminate-nodes',
    group: paper,
    summary: 'take peers out of a slice',
    load: () => import('./commands/terminate-nodes.ts'),
  },
  {
    name: 'describe-instances',
    group: paper,
    summary: "show a peer's slice and its ring neighbours",
    load: () => import('./commands/describe-instances.ts'),
  },
  {
    name: 'monitor-instances',
    group: paper,
    summary: 'show the size of the cloud, live',
    load: () => import('./commands/monitor-instances.ts'),
  },
  {
    name: 'unmonitor-instances',
    group: paper,
    summary: 'end your monitors',
    load: () => import('./commands/unmonitor-instances.ts'),
  },
  {
    name: 'up',
    group: local,
    summary: 'start a cloud of several peers',
    isLocal: true,
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'down',
    group: local,
    summary: 'stop them',
    isLocal: true,
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'add-peer',
    group: local,
    summary: 'write the bundle with which another machine joins',
    isLocal: true,
    load: () => import('./commands/add-peer.ts'),
  },
  {
    name: 'doctor',
    group: local,
    summary: 'check this machine and say what to do',
    isLocal: true,
    load: () => import('./commands/doctor.ts'),
  },
];
