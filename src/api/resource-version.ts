import { StatusError } from '../objects/status-error.ts';
import { badRequest } from './errors.ts';

/** A resourceVersion of a query; undefined for absent, empty and `0`, which mean "any". Throws 400. */
export function parseResourceVersion(text: string | null): number | undefined {
  if (text === null || text === '' || text === '0') return undefined;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw badRequest(`resourceVersion: Invalid value: "${text}": it is a decimal number`);
  }
  return Number(text);
}

/** A number of a query from 0 up; undefined when absent or empty. Throws 400. */
export function parseCount(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text))
    throw badRequest(`${name}: Invalid value: "${text}": it is a number`);
  return Number(text);
}

/** `true` and `1` as Go reads them. */
export const parseFlag = (query: URLSearchParams, name: string): boolean =>
  ['true', '1', 't', 'T', 'TRUE', 'True'].includes(query.get(name) ?? '');

export const tooOld = (resourceVersion: number): StatusError =>
  new StatusError(
    'Expired',
    `too old resource version: ${resourceVersion}; list again and go on from there`,
  );

/** Kubernetes' answer to a version from the future: the client waits a moment and asks again. */
export const tooNew = (asked: number, current: number): StatusError =>
  new StatusError('Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
