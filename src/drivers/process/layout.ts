import { join } from 'node:path';

/**
 * Where things are below a driver's root. Names are short because a workload may put a socket there (107 bytes).
 *
 *     supervise        the shim, one for all instances
 *     token            marks this root's processes in their environment
 *     run/ID.N         written once, by attempt N itself before it becomes the command: it exists
 *     run/ID.N.exit    its exit status
 *     i/ID/request     the intent: what shall run; on disk before anything starts
 *     i/ID/log[.1|.2]  output, newest first
 *     i/ID/data/       the command's working and home folder
 *     unreadable/ID/   what an instance left whose intent could not be read
 */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get supervise(): string {
    return join(this.root, 'supervise');
  }
  get token(): string {
    return join(this.root, 'token');
  }
  get runFolder(): string {
    return join(this.root, 'run');
  }
  get instancesFolder(): string {
    return join(this.root, 'i');
  }
  get unreadableFolder(): string {
    return join(this.root, 'unreadable');
  }
  unreadable(id: string): string {
    return join(this.root, 'unreadable', id);
  }
  folder(id: string): string {
    return join(this.root, 'i', id);
  }
  request(id: string): string {
    return join(this.root, 'i', id, 'request');
  }
  data(id: string): string {
    return join(this.root, 'i', id, 'data');
  }
  log(id: string): string {
    return join(this.root, 'i', id, 'log');
  }
  run(id: string, attempt: number): string {
    return join(this.root, 'run', `${id}.${attempt}`);
  }
  exit(id: string, attempt: number): string {
    return join(this.root, 'run', `${id}.${attempt}.exit`);
  }
}

/** Which instance a file of the run folder is about. */
export function instanceOfRunFile(fileName: string): string | undefined {
  return /^([a-z0-9-]{1,63})\.\d+(?:\.exit)?$/.exec(fileName)?.[1];
}
