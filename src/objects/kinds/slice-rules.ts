import type { FieldIssue } from '../field-issue.ts';
import type { Json, JsonObject } from '../json.ts';
import type { KindRules } from '../kind-rules.ts';
import { parseDuration } from '../../lib/duration.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { isDnsLabel, isLabelKey, isLabelValue } from '../names.ts';

const replaceAfterMaxMs = 3_600_000;
const reservedPrefix = 'p2pcs.io/';

const work = 'spec.template.spec';
const healthChecks = 'not supported yet; `readiness` with `exec` is the only health check';
const container =
  'not supported; a member runs one application: give `command`, `env` and `ports` directly under spec.template.spec';

const unsupported: Readonly<Record<string, string>> = {
  'spec.priority':
    'not supported yet; of two slices that both want a free peer, the older one gets it',
  'spec.replicas': 'not supported; a slice has members: use `spec.size` or `spec.percent`',
  'spec.selector': 'not supported; use `spec.where` to choose the peers',
  'spec.nodeSelector': 'not supported; use `spec.where` to choose the peers',
  [`${work}.nodeSelector`]: 'not supported; use `spec.where` to choose the peers',
  [`${work}.affinity`]: 'not supported; use `spec.where` and `spec.rank` to choose the peers',
  [`${work}.tolerations`]: "not supported; the machine's owner decides by a TrustPolicy",
  [`${work}.resources`]:
    'not supported yet; constrain the machines with `spec.where`, such as {key: memory, operator: Gt, values: [8Gi]}',
  [`${work}.image`]: 'not supported yet; the program has to be on the machines: give its `command`',
  [`${work}.containers`]: container,
  [`${work}.initContainers`]: container,
  [`${work}.volumes`]:
    'not supported yet; an instance has a folder of its own that lives as long as it does',
  [`${work}.volumeMounts`]:
    'not supported yet; an instance has a folder of its own that lives as long as it does',
  [`${work}.livenessProbe`]: healthChecks,
  [`${work}.startupProbe`]: healthChecks,
  [`${work}.readinessProbe`]: 'not supported by this name; use `readiness` with `exec`',
  [`${work}.liveness`]: healthChecks,
  [`${work}.startup`]: healthChecks,
  [`${work}.readiness.httpGet`]: healthChecks,
  [`${work}.readiness.tcpSocket`]: healthChecks,
  [`${work}.readiness.grpc`]: healthChecks,
  [`${work}.env[].valueFrom`]: 'not supported yet; give a `value`',
  [`${work}.envFrom`]: 'not supported yet; give each variable in `env`',
  [`${work}.securityContext`]: 'not supported yet; work runs as the user that runs the daemon',
  [`${work}.ports[].containerPort`]:
    'not supported; ports are allocated: give a `name` and read $P2PCS_PORT_NAME',
  [`${work}.ports[].port`]:
    'not supported; ports are allocated: give a `name` and read $P2PCS_PORT_NAME',
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectAt = (value: JsonObject, name: string): JsonObject => {
  const found = value[name];
  return isObject(found) ? found : {};
};
const listAt = (value: JsonObject, name: string): readonly Json[] => {
  const found = value[name];
  return Array.isArray(found) ? (found as readonly Json[]) : [];
};
const quoted = (value: Json | undefined): string => JSON.stringify(value ?? null);
const invalid = (field: string, message: string): FieldIssue => ({
  field,
  reason: 'FieldValueInvalid',
  message,
});

function checkSize(spec: JsonObject): FieldIssue[] {
  const hasSize = spec['size'] !== undefined;
  const hasPercent = spec['percent'] !== undefined;
  if (hasSize !== hasPercent) return [];
  const found = hasSize ? 'both are' : 'neither is';
  return [
    invalid('spec', `Invalid value: exactly one of size and percent is given; here ${found}`),
  ];
}

/** Label keys and values, as Kubernetes has them. */
function checkLabels(labels: JsonObject, at: string, reserved: boolean): FieldIssue[] {
  const issues: FieldIssue[] = [];
  for (const [key, value] of Object.entries(labels)) {
    if (!isLabelKey(key)) {
      issues.push(
        invalid(
          at,
          `Invalid value: ${quoted(key)}: not a label's key; use letters, digits, '-', '_' and '.', perhaps after a prefix and '/'`,
        ),
      );
    } else if (reserved && key.startsWith(reservedPrefix)) {
      issues.push({
        field: at,
        reason: 'FieldValueForbidden',
        message: `Forbidden: ${quoted(key)}: labels that start with ${reservedPrefix} are set by the peer`,
      });
    }
    if (typeof value === 'string' && !isLabelValue(value)) {
      issues.push(
        invalid(
          `${at}[${key}]`,
          `Invalid value: ${quoted(value)}: not a label's value; use letters, digits, '-', '_' and '.'`,
        ),
      );
    }
  }
  return issues;
}

function checkExpression(expression: Json, at: string): FieldIssue[] {
  if (!isObject(expression)) return [];
  const { key, operator } = expression;
  const values = listAt(expression, 'values');
  const issues: FieldIssue[] = [];
  if (typeof key === 'string' && !isLabelKey(key)) {
    issues.push(
      invalid(`${at}.key`, `Invalid value: ${quoted(key)}: neither an attribute nor a label's key`),
    );
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      issues.push(invalid(`${at}.values`, `Invalid value: ${operator} takes no values`));
  } else if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      issues.push({
        field: `${at}.values`,
        reason: 'FieldValueRequired',
        message: `Required value: ${operator} takes at least one value`,
      });
    }
  } else if (operator === 'Gt' || operator === 'Lt') {
    const [bound] = values;
    const isQuantity = typeof bound === 'string' && parseQuantity(bound) !== undefined;
    if (values.length !== 1 || !isQuantity) {
      issues.push(
        invalid(
          `${at}.values`,
          `Invalid value: ${quoted(values)}: ${operator} takes exactly one value, a quantity such as "4" or "8Gi"`,
        ),
      );
    }
  }
  return issues;
}

function checkTemplate(template: JsonObject): FieldIssue[] {
  const metadata = objectAt(template, 'metadata');
  const issues = checkLabels(objectAt(metadata, 'labels'), 'spec.template.metadata.labels', true);
  for (const key of Object.keys(objectAt(metadata, 'annotations'))) {
    if (!isLabelKey(key))
      issues.push(
        invalid(
          'spec.template.metadata.annotations',
          `Invalid value: ${quoted(key)}: not an annotation's key`,
        ),
      );
  }
  listAt(objectAt(template, 'spec'), 'env').forEach((variable, index) => {
    const name = isObject(variable) ? variable['name'] : undefined;
    if (typeof name !== 'string' || !name.startsWith('P2PCS_')) return;
    issues.push({
      field: `${work}.env[${index}].name`,
      reason: 'FieldValueForbidden',
      message: `Forbidden: ${quoted(name)}: names that start with P2PCS_ are set by the peer`,
    });
  });
  return issues;
}

function validate(object: JsonObject): readonly FieldIssue[] {
  const spec = objectAt(object, 'spec');
  const where = objectAt(spec, 'where');
  const name = objectAt(object, 'metadata')['name'];
  const issues = [
    ...checkSize(spec),
    ...checkLabels(objectAt(where, 'matchLabels'), 'spec.where.matchLabels', false),
  ];
  if (typeof name === 'string' && !isDnsLabel(name)) {
    issues.push(
      invalid(
        'metadata.name',
        `Invalid value: ${quoted(name)}: the name of a slice has at most 63 lowercase letters, digits and '-', since it is part of its instances' names`,
      ),
    );
  }
  listAt(where, 'matchExpressions').forEach((expression, index) => {
    issues.push(...checkExpression(expression, `spec.where.matchExpressions[${index}]`));
  });
  listAt(objectAt(spec, 'rank'), 'by').forEach((term, index) => {
    const attribute = isObject(term) ? term['attribute'] : undefined;
    if (typeof attribute === 'string' && attribute !== '' && !isLabelKey(attribute)) {
      issues.push(
        invalid(
          `spec.rank.by[${index}].attribute`,
          `Invalid value: ${quoted(attribute)}: neither an attribute nor a label's key`,
        ),
      );
    }
  });
  const replaceAfter = spec['replaceAfter'];
  if (typeof replaceAfter === 'string') {
    const ms = parseDuration(replaceAfter);
    if (ms === undefined || ms > replaceAfterMaxMs) {
      issues.push(
        invalid(
          'spec.replaceAfter',
          `Invalid value: ${quoted(replaceAfter)}: a duration from 0s to 1h, such as 1500ms or 10s`,
        ),
      );
    }
  }
  const { onPartition } = spec;
  if (onPartition !== undefined && onPartition !== 'RunBoth') {
    issues.push({
      field: 'spec.onPartition',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${quoted(onPartition)}: not supported yet; supported values: "RunBoth"`,
    });
  }
  return [...issues, ...checkTemplate(objectAt(spec, 'template'))];
}

/** What a Slice asks beyond its schema. */
export const sliceRules: KindRules = {
  unsupported,
  validate,
  scaleRefusal(object) {
    const { percent } = objectAt(object, 'spec');
    if (percent === undefined) return undefined;
    return `sized by percent: ${JSON.stringify(percent)}; patch spec.percent or set size`;
  },
  scaleReplicas(object) {
    if (objectAt(object, 'spec')['percent'] === undefined) return undefined;
    const { desiredMembers } = objectAt(object, 'status');
    return typeof desiredMembers === 'number' ? desiredMembers : 0;
  },
};
