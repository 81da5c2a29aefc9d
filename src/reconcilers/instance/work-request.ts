import type { InstanceRequest } from '../../drivers/driver.ts';
import type { Place } from './world.ts';
import type { WorkAction } from './plan.ts';
import { instanceName } from './instance-draft.ts';
import { writeWorkLabels } from './work-labels.ts';

const graceSecondsDefault = 10;

/**
 * The request for a held place's work. The template's variables are handed on as they are written: `$NAME` in a
 * command is for the shell that the user names, and nothing is expanded here.
 * @throws Error when the place is not one that work can start in
 */
export function workRequest(
  place: Place,
  peer: string,
  start: Extract<WorkAction, { type: 'start' }>,
): InstanceRequest {
  const { slice, template, templateHash, index } = place;
  if (template === undefined || templateHash === undefined || index === undefined) {
    throw new Error(`slice ${slice.name}: a place without template or index was to start work`);
  }
  const env: Record<string, string> = {};
  for (const { name, value = '' } of template.spec.env ?? []) env[name] = value;
  return {
    id: start.id,
    template: template.spec,
    templateHash,
    env: {
      ...env,
      P2PCS_INDEX: String(index),
      P2PCS_SLICE: slice.name,
      P2PCS_NAMESPACE: slice.namespace,
      P2PCS_PEER: peer,
      P2PCS_INSTANCE: instanceName(slice, peer),
    },
    labels: writeWorkLabels({
      slice,
      index,
      graceMs: 1000 * (template.spec.terminationGracePeriodSeconds ?? graceSecondsDefault),
      restarts: start.restarts,
      failures: start.failures,
    }),
  };
}
