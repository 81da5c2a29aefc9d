import { StatusError } from '../../objects/status-error.ts';
import { planApply } from './plan-apply.ts';
import { resourcePath } from '../../client/discovery.ts';
import type { ApiAnswer, HttpClient } from '../../client/http-client.ts';
import type { ApplyPlan } from './plan-apply.ts';
import type { JsonObject } from '../../objects/json.ts';
import type { Resolved } from './resolve.ts';

const query = (dryRun: boolean): Readonly<Record<string, string | undefined>> => ({
  fieldManager: 'p2pctl',
  fieldValidation: 'Strict',
  dryRun: dryRun ? 'All' : undefined,
});

const pathOf = (item: Resolved, name?: string): string =>
  resourcePath(item.resource, item.namespace, name);

/** The object as the peer has it now. */
export async function readObject(
  client: HttpClient,
  item: Resolved,
): Promise<JsonObject | undefined> {
  try {
    return await client.json(pathOf(item, item.name));
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound') return undefined;
    throw error;
  }
}

/** Carries out a plan, or has the peer check it without storing anything. */
export async function writeObject(
  client: HttpClient,
  item: Resolved,
  plan: Exclude<ApplyPlan, { type: 'keep' }>,
  options: { readonly dryRun: boolean },
): Promise<ApiAnswer> {
  if (plan.type === 'patch') {
    return client.request({
      method: 'PATCH',
      path: pathOf(item, item.name),
      query: query(options.dryRun),
      body: plan.patch,
      contentType: 'application/merge-patch+json',
    });
  }
  try {
    return await client.request({
      method: 'POST',
      path: pathOf(item),
      query: query(options.dryRun),
      body: plan.body,
    });
  } catch (error) {
    // Somebody made it since we looked.
    if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
    const current = await readObject(client, item);
    const again = planApply(item.object, current);
    if (current === undefined || again.type !== 'patch') throw error;
    return writeObject(client, item, again, options);
  }
}
