import { CliError, ExitCode } from '../cli-error.ts';
import { LocalCloud } from '../local-cloud/local-cloud.ts';
import { findCloudFolder } from '../local-cloud/cloud-folder.ts';
import { inStage } from '../progress.ts';
import { lockCloud } from '../local-cloud/lock.ts';
import { readCloudFile } from '../local-cloud/cloud-file.ts';
import { runningDaemon, stopDaemon } from '../local-cloud/daemon-process.ts';
import { runningWork, stopWork } from '../local-cloud/work.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

interface DownOptions {
  readonly home?: string;
  readonly instances?: boolean;
}

/** A daemon announces its stop and hands over what it has written; then it is ended by force. */
const graceMs = 10_000;

async function stopDaemons(cli: Cli, cloud: LocalCloud): Promise<void> {
  const { folder } = cloud;
  const running = cloud.peers.flatMap(({ name }) => {
    const daemon = runningDaemon(folder, name);
    return daemon === undefined ? [] : [{ name, daemon }];
  });
  if (running.length === 0) return cli.terminal.out('no peer is running\n');
  await inStage(cli.terminal, 'stopping peers', async (stage) => {
    let stopped = 0;
    const results = await Promise.all(
      running.map(async ({ name, daemon }) => {
        const result = await stopDaemon(daemon, graceMs);
        stopped += 1;
        stage.update(`${stopped} of ${running.length}`);
        return { name, result };
      }),
    );
    const left = results.filter(({ result }) => result === 'left').map(({ name }) => name);
    if (left.length > 0) throw new CliError(`${left.join(', ')} outlived SIGKILL`, ExitCode.failed);
    const forced = results.filter(({ result }) => result === 'forced').map(({ name }) => name);
    const note = forced.length === 0 ? '' : `, ${forced.join(', ')} by force`;
    stage.done(`${running.length} stopped${note}`);
  });
}

async function down(cli: Cli, options: DownOptions): Promise<void> {
  const folder = findCloudFolder(options.home, cli.cwd);
  if (readCloudFile(folder) === undefined) {
    cli.terminal.out(`no cloud in ${folder.path}\n`);
    return;
  }
  cli.cleanup(await lockCloud(folder, cli.signal));
  const cloud = LocalCloud.open(folder);
  await stopDaemons(cli, cloud);
  const names = cloud.peers.map(({ name }) => name);
  if (options.instances === true) {
    await inStage(cli.terminal, 'stopping instances', async (stage) => {
      const ended = await stopWork(folder, names, (text) => stage.update(text));
      stage.done(ended === 0 ? 'none was running' : `${ended} stopped`);
    });
    return;
  }
  const left = await runningWork(folder, names);
  if (left === 0) return;
  const what = left === 1 ? '1 instance still runs' : `${left} instances still run`;
  cli.terminal.out(
    `${what}: work outlives its daemon, and the next p2pctl up takes it up again; to stop it too: p2pctl down --instances\n`,
  );
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--home <dir>', 'where the cloud lives (default: the nearest .p2pcs)')
    .option('--instances', 'stop the work of this machine too; the next up starts it again')
    .action((options: DownOptions) => down(cli, options));
  withExamples(command, [
    ['p2pctl down', 'stops the peers; their instances run on'],
    ['p2pctl down --instances', 'nothing of the cloud runs any more'],
  ]);
}
