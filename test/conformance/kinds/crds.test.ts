// Each CRD is one that a genuine Kubernetes takes, says what the TypeScript types say, and has its page.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

import { Admission } from '../../../src/api/admission.ts';
import { kindFromCrd } from '../../../src/api/crd.ts';
import type { CustomResourceDefinition } from '../../../src/api/crd.ts';
import { conform, memberSchema } from '../../../src/api/schema.ts';
import type { Schema, UnknownField } from '../../../src/api/schema.ts';
import { Validator } from '../../../src/api/validate.ts';
import { compileJsonPath } from '../../../src/lib/json-path.ts';
import type { Json, JsonObject } from '../../../src/objects/json.ts';
import { fieldsByKind } from './fields.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const files = readdirSync(join(root, 'crds'));
const read = (file: string): CustomResourceDefinition =>
  parse(readFileSync(join(root, 'crds', file), 'utf8'), {
    version: '1.1',
  }) as CustomResourceDefinition;

/** Every node of a schema with its path; `inList` below an array's items. */
function* nodes(schema: Schema, at = '', inList = false): Generator<[string, Schema, boolean]> {
  yield [at, schema, inList];
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    yield* nodes(inner, `${at}.${name}`, inList);
  if (schema.items !== undefined) yield* nodes(schema.items, `${at}[]`, true);
  if (schema.additionalProperties !== undefined)
    yield* nodes(schema.additionalProperties, `${at}{}`, inList);
}

const allowedKeywords = new Set([
  'type',
  'format',
  'description',
  'properties',
  'additionalProperties',
  'items',
  'required',
  'enum',
  'default',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

assert.equal(files.length, Object.keys(fieldsByKind).length);

for (const file of files) {
  const crd = read(file);
  const { names, group, versions } = crd.spec;
  const version = versions[0]!;
  const schema = version.schema.openAPIV3Schema;
  const kind = kindFromCrd(crd);
  const all = [...nodes(schema)];

  test(`${names.kind}: the CRD is named, served and stored as Kubernetes wants it`, () => {
    assert.equal(crd.metadata.name, `${names.plural}.${group}`);
    assert.equal(names.listKind, `${names.kind}List`);
    assert.equal(versions.length, 1);
    assert.deepEqual([version.served, version.storage], [true, true]);
  });

  test(`${names.kind}: the schema is structural and every value is bounded`, () => {
    for (const [at, node] of all) {
      for (const keyword of Object.keys(node))
        assert.ok(allowedKeywords.has(keyword), `${at}: ${keyword}`);
      assert.ok(node.type !== undefined, `${at} has no type`);
      assert.ok(
        !(node.properties !== undefined && node.additionalProperties !== undefined),
        `${at} has both`,
      );
      if (node.type === 'array') {
        assert.ok(
          node.items !== undefined && node.maxItems !== undefined,
          `${at}: items, maxItems`,
        );
        assert.ok(node['x-kubernetes-list-type'] !== undefined, `${at}: list type`);
        for (const key of node['x-kubernetes-list-map-keys'] ?? []) {
          assert.ok(node.items.required?.includes(key), `${at}: the key ${key} is required`);
        }
      }
      if (node.additionalProperties !== undefined)
        assert.ok(node.maxProperties !== undefined, `${at}: maxProperties`);
      const isOwn = !['.apiVersion', '.kind'].includes(at);
      if (node.type === 'string' && isOwn) {
        const isBounded =
          node.maxLength !== undefined || node.enum !== undefined || node.format === 'date-time';
        assert.ok(isBounded, `${at}: maxLength`);
      }
      if (node.type === 'integer') assert.ok(node.format !== undefined, `${at}: format`);
      for (const name of node.required ?? [])
        assert.ok(memberSchema(node, name) !== undefined, `${at}: ${name}`);
    }
  });

  test(`${names.kind}: explain has a sentence for every field`, () => {
    for (const [at, node] of all) {
      if (/\[\]$|\{\}$/.test(at) && node.type !== 'object') continue;
      if (at === '.metadata') continue;
      assert.match(node.description ?? '', /^[A-Z$].*\.$/s, at);
    }
  });

  test(`${names.kind}: no default stands in a list, or every apply would look like a change`, () => {
    for (const [at, node, inList] of all) assert.ok(!(inList && node.default !== undefined), at);
  });

  test(`${names.kind}: columns, scale and selectable fields lead to fields of the schema`, () => {
    const { scale } = version.subresources ?? {};
    const paths = [
      ...(version.additionalPrinterColumns ?? []).map(({ jsonPath }) => jsonPath),
      ...(version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
      ...(scale === undefined
        ? []
        : [
            scale.specReplicasPath,
            scale.statusReplicasPath,
            scale.labelSelectorPath ?? '.status.selector',
          ]),
    ];
    for (const path of paths) {
      assert.ok(compileJsonPath(path) !== undefined, path);
      let here: Schema | undefined = path.startsWith('.metadata') ? undefined : schema;
      if (here === undefined) continue;
      for (const [, name] of path.replaceAll(/\[[^\]]*\]/g, '.[]').matchAll(/\.([^.]+)/g)) {
        here = name === '[]' ? here?.items : memberSchema(here, name!);
      }
      assert.ok(here !== undefined, `${path} leads nowhere`);
    }
  });

  test(`${names.kind}: the fields are those of the TypeScript type, and so are the required ones`, () => {
    const { spec, status } = fieldsByKind[names.kind]!;
    const compare = (
      node: Schema | undefined,
      fields: Fields | undefined,
      at: string,
      isSpec: boolean,
    ): void => {
      assert.equal(node === undefined, fields === undefined, at);
      if (node === undefined || fields === undefined) return;
      assert.deepEqual(
        Object.keys(node.properties ?? {}).toSorted(),
        Object.keys(fields).toSorted(),
        at,
      );
      for (const [name, field] of Object.entries(fields)) {
        if (isSpec)
          assert.equal(
            field.startsWith('required'),
            node.required?.includes(name) ?? false,
            `${at}.${name}`,
          );
      }
    };
    for (const [at, fields] of Object.entries(spec)) compare(find(schema, at), fields, at, true);
    for (const [at, fields] of Object.entries(status)) compare(find(schema, at), fields, at, false);
  });

  test(`${names.kind}: its page starts with a manifest that works and names every field`, () => {
    const page = readFileSync(join(root, 'docs/spec', file.replace('.yaml', '.md')), 'utf8');
    assert.ok(page.startsWith(`# ${names.kind}\n\n\`\`\`yaml\n`));
    const manifests = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(
      ([, text]) => parse(text!, { version: '1.1' }) as JsonObject,
    );
    for (const manifest of manifests) {
      assert.equal(manifest['kind'], names.kind);
      if (kind.writer === 'owner') new Admission().admit(kind, manifest, 'Strict');
    }
    const { metadata: _metadata, ...first } = manifests[0]!;
    const unknown: UnknownField[] = [];
    const conformed = conform(schema, first as Json, unknown) as JsonObject;
    assert.deepEqual(unknown, []);
    assert.deepEqual(
      new Validator(kind).validate({ ...conformed, metadata: { name: 'example' } }),
      [],
    );
    for (const part of ['spec', 'status']) {
      for (const name of Object.keys(schema.properties?.[part]?.properties ?? {})) {
        assert.match(
          page,
          new RegExp(String.raw`\b${part}\.${name}\b`),
          `${part}.${name} is not on the page`,
        );
      }
    }
  });
}

type Fields = Readonly<Record<string, string>>;

/** `.spec.where.matchExpressions[]` */
function find(schema: Schema, at: string): Schema | undefined {
  return [...nodes(schema)].find(([path]) => path === at)?.[1];
}
