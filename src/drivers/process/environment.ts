import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { InstanceRequest } from '../driver.ts';
import { portVariable } from '../port-variable.ts';

/** In /proc/PID/environ of everything that an instance starts, unless it hides. */
export const markerVariable = 'P2PCS_INSTANCE_ID';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What a command sees: of the daemon's own environment no more than where programs are, the language and the time
 * zone; it may hold secrets otherwise.
 */
export function workloadEnvironment(
  request: InstanceRequest,
  options: {
    readonly ports: Readonly<Record<string, number>>;
    readonly home: string;
    readonly marker: string;
    readonly daemon: Readonly<Record<string, string | undefined>>;
  },
): Record<string, string> {
  const { PATH = defaultPath, LANG, TZ } = options.daemon;
  const env: Record<string, string> = { PATH, HOME: options.home };
  if (LANG !== undefined) env['LANG'] = LANG;
  if (TZ !== undefined) env['TZ'] = TZ;
  Object.assign(env, request.env);
  for (const [name, port] of Object.entries(options.ports)) env[portVariable(name)] = String(port);
  env[markerVariable] = options.marker;
  return env;
}

/** The folder a command starts in: the instance's own, or the template's, relative to it. */
export function workingFolder(request: InstanceRequest, dataFolder: string): string {
  const folder = resolve(dataFolder, request.template.workingDir ?? '.');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw new Error(
    `cannot start instance ${request.id}: its working folder ${folder} does not exist on this peer; ` +
      'make it, or leave out spec.template.spec.workingDir for a folder of its own',
  );
}

/** Command and arguments, if the machine has the program; said before anything is written or started. */
export function checkedCommand(
  request: InstanceRequest,
  folder: string,
  path: string,
): readonly string[] {
  const [program = '', ...rest] = request.template.command;
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(folder, program)]
    : path.split(':').map((place) => resolve(folder, place, program));
  const present = candidates.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const refuse = (why: string): never => {
    throw new Error(`cannot start instance ${request.id}: ${why}`);
  };
  if (program.startsWith('-')) refuse(`its command starts with "${program}", which is no program`);
  if (present.length === 0) {
    refuse(
      program.includes('/')
        ? `there is no program ${program} on this peer`
        : `this peer has no program "${program}" in PATH (${path}); install it or give its full path`,
    );
  }
  if (!present.some(isExecutable)) refuse(`${present[0]} is not executable for this daemon's user`);
  return [program, ...rest, ...(request.template.args ?? [])];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
