import { defineMetadataVerb } from '../change-metadata.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

export function define(command: Command, cli: Cli): void {
  defineMetadataVerb(command, cli, { field: 'labels', changed: 'labeled' });
  withExamples(command, [
    ['p2pctl label slice my-sub-cloud team=solver', 'set a label; refused if it has another value'],
    ['p2pctl label slices --all stage=test --overwrite', 'on every slice of the namespace'],
    ['p2pctl label slice my-sub-cloud team-', 'remove it'],
    ['p2pctl label slice my-sub-cloud --list', 'those that it has'],
  ]);
}
