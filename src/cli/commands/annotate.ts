import { defineMetadataVerb } from '../change-metadata.ts';
import { withExamples } from '../examples.ts';
import type { Cli } from '../cli.ts';
import type { Command } from 'commander';

export function define(command: Command, cli: Cli): void {
  defineMetadataVerb(command, cli, { field: 'annotations', changed: 'annotated' });
  withExamples(command, [
    ["p2pctl annotate slice my-sub-cloud note='for the talk'", 'keep a note with it'],
    ['p2pctl annotate slice my-sub-cloud note-', 'remove it'],
  ]);
}
