import { jsonText } from '../client/json-text.ts';
import { findByJsonPath } from './output/jsonpath.ts';
import { parseJsonPath } from './output/jsonpath-parser.ts';
import { wrongUse } from './cli-error.ts';
import type { ApiObject } from '../objects/object.ts';
import type { Condition } from '../objects/condition.ts';
import type { Json } from '../objects/json.ts';

export interface Goal {
  readonly type: 'state' | 'create' | 'delete';
  /** What is waited for, for an error message. */
  readonly text: string;
  /** What is said when it is reached, as kubectl does. */
  readonly done: string;
  /** Undefined: the object does not exist. */
  judge(object: ApiObject | undefined): { readonly isReached: boolean; readonly now: string };
}

interface Observed {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** A condition that was judged before the last change of the spec says nothing about it. */
function isStale(object: ApiObject, condition: Condition): boolean {
  const { observedGeneration } = (object.status ?? {}) as Observed;
  const seen = condition.observedGeneration ?? observedGeneration;
  return seen !== undefined && seen < (object.metadata.generation ?? 0);
}

function conditionGoal(type: string, status: string): Goal {
  return {
    type: 'state',
    text: status.toLowerCase() === 'true' ? `condition ${type}` : `condition ${type}=${status}`,
    done: 'condition met',
    judge(object) {
      const { conditions = [] } = (object?.status ?? {}) as Observed;
      const found = conditions.find((each) => each.type.toLowerCase() === type.toLowerCase());
      if (object === undefined) return { isReached: false, now: 'it does not exist' };
      if (found === undefined) return { isReached: false, now: `it has no condition ${type} yet` };
      const why = [found.reason, found.message].filter((part) => part !== '').join(': ');
      const stale = isStale(object, found);
      const now = `${type} is ${found.status}${stale ? ', from before the last change' : ''} (${why})`;
      return { isReached: !stale && found.status.toLowerCase() === status.toLowerCase(), now };
    },
  };
}

function pathGoal(expression: string): Goal {
  const found = /^(\{.*\}|[^=]+?)(?:==?(.*))?$/s.exec(expression);
  const [, path = '', value] = found ?? [];
  let parsed;
  try {
    parsed = parseJsonPath(/^[{.[$]/.test(path) ? path : `.${path}`);
  } catch (error) {
    throw wrongUse((error as Error).message);
  }
  const wanted = value?.replace(/^(["'])(.*)\1$/s, '$2');
  return {
    type: 'state',
    text: wanted === undefined ? path : `${path}=${wanted}`,
    done: 'condition met',
    judge(object) {
      const values = object === undefined ? [] : findByJsonPath(parsed, object as unknown as Json);
      const now =
        values.length === 0 ? `${path} is absent` : `${path} is ${values.map(jsonText).join(' ')}`;
      const isReached =
        wanted === undefined ? values.length > 0 : values.some((each) => jsonText(each) === wanted);
      return { isReached, now };
    },
  };
}

/** Reads `--for`: `condition=Ready`, `condition=Ready=false`, `jsonpath={.a.b}=x`, `create`, `delete`. */
export function parseGoal(text: string): Goal {
  if (text === 'delete') {
    return {
      type: 'delete',
      text: 'deletion',
      done: 'deleted',
      judge: (object) => ({ isReached: object === undefined, now: 'it is still there' }),
    };
  }
  if (text === 'create') {
    return {
      type: 'create',
      text: 'creation',
      done: 'created',
      judge: (object) => ({ isReached: object !== undefined, now: 'it does not exist' }),
    };
  }
  const [word = '', ...rest] = text.split('=');
  if (word === 'condition' && rest[0] !== undefined && rest[0] !== '') {
    return conditionGoal(rest[0], rest.slice(1).join('=') || 'True');
  }
  if (word === 'jsonpath' && rest.length > 0) return pathGoal(rest.join('='));
  throw wrongUse(
    `--for ${text}: not a goal`,
    "there are: condition=NAME[=STATUS], jsonpath='{.path}'[=VALUE], create, delete",
  );
}
