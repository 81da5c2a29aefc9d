import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * The shim between a daemon and a workload: starts the command in the foreground, waits, writes its exit status to a
 * file. So the status is known to a daemon that did not start it. About 1 MB as dash, and no timer.
 *
 * - `set -C` creates the run file exclusively: an attempt runs once, and a daemon that gives an attempt up creates
 *   that file itself, after which a late shim runs nothing.
 * - The subshell writes its own stat line and then becomes the command, so the pid and start ticks on record are the
 *   workload's from before its first instruction.
 * - Signals to the process group reach the workload directly; the shim survives them (traps that do something are
 *   reset in the subshell, ignored signals would be inherited).
 * - Appending keeps the log right when the daemon truncates it.
 */
const script = `# run-file exit-file log-file command…
run=$1 exit=$2 log=$3
shift 3
trap : HUP INT QUIT TERM USR1 USR2 ALRM
read -r me </proc/self/stat
(
  set -C
  { read -r stat </proc/self/stat && printf '%s\\n%s\\n' "$me" "$stat" >"$run"; } || exit 125
  echo 500 2>/dev/null >|/proc/self/oom_score_adj
  exec "$@"
) </dev/null >>"$log" 2>&1
printf '%s\\n' "$?" >"$exit"
`;

/** Puts the shim at `path`; one that runs keeps the file it has open. */
export function writeSuperviseScript(path: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === script) return;
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, script, { mode: 0o600 });
  renameSync(temporary, path);
}
