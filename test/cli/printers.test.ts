import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LinePrefixer } from '../../src/cli/output/line-prefixer.ts';
import { TablePrinter } from '../../src/cli/output/table.ts';
import { TableReader } from '../../src/cli/output/server-table.ts';
import { fieldTree } from '../../src/cli/describe/field-tree.ts';
import { objectName, parseFormat, printYaml } from '../../src/cli/output/format.ts';
import { parseManifest } from '../../src/client/manifest.ts';

const look = { wide: false, withNamespace: false, showLabels: false, namePrefix: '' };
const table = {
  columnDefinitions: [{ name: 'Name' }, { name: 'Size' }, { name: 'Message', priority: 1 }],
  rows: [
    { cells: ['a', 3, 'fine'], object: { metadata: { namespace: 'lab', labels: { x: 'y' } } } },
    { cells: ['long-name', null, 'two\nlines'], object: { metadata: { namespace: 'lab' } } },
  ],
};

function lay(options: Partial<typeof look>): string {
  const reader = new TableReader({ ...look, ...options });
  return new TablePrinter().print([
    reader.headers(table),
    ...table.rows.map((row) => reader.cells(row)),
  ]);
}

test('a table is laid out as kubectl does', () => {
  assert.equal(lay({}), 'NAME        SIZE\na           3\nlong-name   <none>\n');
});

test('wide adds columns of lower priority; namespace, labels and prefix come on request', () => {
  assert.equal(
    lay({ wide: true, withNamespace: true, showLabels: true, namePrefix: 'slice/' }),
    'NAMESPACE   NAME              SIZE     MESSAGE     LABELS\n' +
      'lab         slice/a           3        fine        x=y\n' +
      'lab         slice/long-name   <none>   two lines   <none>\n',
  );
});

test('a watch keeps its columns while they are wide enough', () => {
  const printer = new TablePrinter();
  assert.equal(
    printer.print([
      ['NAME', 'N'],
      ['abcdef', '1'],
    ]),
    'NAME     N\nabcdef   1\n',
  );
  assert.equal(printer.print([['a', '2']]), 'a        2\n');
  assert.equal(printer.print([['abcdefgh', '3']]), 'abcdefgh   3\n');
});

test('yaml is sorted, and read back as the same by YAML 1.1', async () => {
  const object = {
    metadata: { name: 'x' },
    kind: 'Slice',
    apiVersion: 'v1',
    spec: {
      b: 'yes',
      a: '0777',
      c: '1e3',
      d: 'line\nline\n',
      e: 'x: y',
      f: '',
      g: [1, 'on', null],
      h: {},
      i: '22:30',
    },
  };
  const text = await printYaml(object);
  assert.deepEqual(parseManifest(text, 'x')[0]?.object, object);
  assert.match(
    text,
    /^apiVersion: v1\nkind: Slice\nmetadata:\n {2}name: x\nspec:\n {2}a: "0777"\n/,
  );
});

test('-o knows its formats and proposes the nearest', () => {
  assert.equal(parseFormat(undefined).type, 'table');
  assert.equal(parseFormat('name').type, 'name');
  assert.throws(() => parseFormat('jsn'), {
    exitCode: 2,
    help: ['did you mean json?', 'there are: wide, json, yaml, name, jsonpath=TEMPLATE'],
  });
  assert.throws(() => parseFormat('go-template=x'), { exitCode: 2 });
  assert.throws(() => parseFormat('jsonpath={.a'), { exitCode: 2 });
});

test('-o name is kind.group/name', () => {
  assert.equal(
    objectName({ apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', metadata: { name: 'x' } }),
    'slice.p2pcs.io/x',
  );
  assert.equal(objectName({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'x' } }), 'event/x');
});

test('describe lays fields out as a tree', () => {
  const tree = fieldTree({
    size: 3,
    matchLabels: { 'a/b': 'c' },
    list: ['x', 'y'],
    by: [{ a: 1, b: 2 }],
    none: {},
  });
  assert.equal(
    tree,
    'Size:  3\nMatch Labels:\n  a/b:  c\nList:  x, y\nBy:\n  - A:  1\n    B:  2\nNone:  <none>',
  );
});

test('only whole lines are prefixed, however the log arrives', () => {
  const prefixer = new LinePrefixer('node1  ');
  assert.equal(prefixer.feed('on'), '');
  assert.equal(prefixer.feed('e\ntwo\nth'), 'node1  one\nnode1  two\n');
  assert.equal(prefixer.end(), 'node1  th\n');
  assert.equal(prefixer.end(), '');
});
