import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, LocalCloud } from './local-cloud.ts';

let cloud: LocalCloud;

before(async () => {
  cloud = await LocalCloud.up(3);
});

after(async () => {
  await cloud?.down();
});

function path(file: string, peer = 'node1'): string {
  return join(cloud.home, peer, 'manifests', file);
}

function drop(file: string, text: string, peer?: string): void {
  writeFileSync(path(file, peer), text);
}

function slice(name: string, spec: string): string {
  return `apiVersion: p2pcs.io/v1alpha1
kind: Slice
metadata:
  name: ${name}
spec: ${spec}
`;
}

async function sizeOf(name: string, context = 'node2'): Promise<number | undefined> {
  const { stdout } = await cloud.ctl(
    ['get', 'slices', '-o', `jsonpath={.items[?(@.metadata.name=="${name}")].spec.size}`],
    { context },
  );
  return stdout === '' ? undefined : Number(stdout);
}

function becomes(name: string, size: number | undefined): Promise<true> {
  return eventually(`${name} has size ${size ?? 'none: it is gone'}`, async () =>
    (await sizeOf(name)) === size ? true : undefined,
  );
}

/** Lines of node1's log about a file, from a mark on. */
function logAbout(file: string, from = 0): readonly string[] {
  const lines = readFileSync(join(cloud.home, 'node1', 'p2pcsd.log'), 'utf8').split('\n');
  return lines.slice(from).filter((line) => line.includes(file));
}

/** The refusal of a file, once it is logged. */
async function refusal(file: string, from: number): Promise<string> {
  const line = await eventually(`${file} is refused`, async () =>
    logAbout(file, from).find((each) => each.includes('manifest refused')),
  );
  return line.replaceAll('\\"', '"');
}

function mark(): number {
  return readFileSync(join(cloud.home, 'node1', 'p2pcsd.log'), 'utf8').split('\n').length - 1;
}

test('what appears in the folder is applied, what changes is changed, what disappears is removed', async () => {
  drop('one.yaml', slice('one', '{size: 1}'));
  await becomes('one', 1);
  drop('one.yaml', slice('one', '{size: 2}'));
  await becomes('one', 2);
  await cloud.ready('one', 2);
  // As editors save: a new file takes the old one's name.
  writeFileSync(path('.one.yaml.swp'), slice('one', '{size: 3}'));
  renameSync(path('.one.yaml.swp'), path('one.yaml'));
  await becomes('one', 3);
  rmSync(path('one.yaml'));
  await becomes('one', undefined);
});

test('a file that moves, and two files that ask for one object, remove nothing', async () => {
  drop('before.yaml', slice('moved', '{size: 1}'));
  await becomes('moved', 1);
  const uid = (): Promise<{ metadata: { uid: string } }> => cloud.json(['get', 'slice', 'moved']);
  const { metadata } = await uid();
  drop('after.yaml', slice('moved', '{size: 0}'));
  await becomes('moved', 0);
  const from = mark();
  rmSync(path('before.yaml'));
  drop('sign.yaml', slice('sign', '{size: 0}'));
  await becomes('sign', 0);
  await eventually('the sign was read', async () => logAbout('sign.yaml', from)[0]);
  assert.equal((await uid()).metadata.uid, metadata.uid);
  rmSync(path('after.yaml'));
  rmSync(path('sign.yaml'));
  await becomes('moved', undefined);
});

test('a broken file is reported with file and line and changes nothing', async () => {
  drop('good.yaml', slice('good', '{size: 1}'));
  await becomes('good', 1);
  const cases: readonly (readonly [string, RegExp])[] = [
    // Bad YAML, in the fourth line.
    [
      'apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata:\n  name: [good\nspec: {size: 5}\n',
      /good\.yaml:[45]\b/,
    ],
    // A misspelt field.
    [
      'apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata:\n  name: good\nspec:\n  size: 5\n  exlude: [node2]\n',
      /good\.yaml:7\b.*unknown field "spec\.exlude" \(did you mean "exclude"\?\)/,
    ],
    // A value of the wrong type, in the sixth line.
    [
      'apiVersion: p2pcs.io/v1alpha1\nkind: Slice\nmetadata:\n  name: good\nspec:\n  size: many\n',
      /good\.yaml:6\b.*spec\.size/,
    ],
    [
      'apiVersion: p2pcs.io/v1alpha1\nkind: Slize\nmetadata: {name: good}\n',
      /good\.yaml:1\b.*Slize/,
    ],
    // A document that is right, and one that is not.
    [
      `${slice('good', '{size: 5}')}---\n${slice('second', '{size: -1}')}`,
      /good\.yaml:1[0-9]\b.*spec\.size/,
    ],
    [
      `${slice('first', '{size: 1}')}---\n${slice('good', '{size: 5, percent: 5}')}`,
      /good\.yaml:\d+\b.*percent/,
    ],
  ];
  for (const [text, said] of cases) {
    const from = mark();
    drop('good.yaml', text);
    assert.match(await refusal('good.yaml', from), said);
    assert.equal(await sizeOf('good', 'node1'), 1, 'what was applied before stays');
    assert.deepEqual([await sizeOf('first'), await sizeOf('second')], [undefined, undefined]);
  }
  drop('good.yaml', slice('good', '{size: 2}'));
  await becomes('good', 2);
  rmSync(path('good.yaml'));
  await becomes('good', undefined);
});

test('what a client applied is not removed by the folder, nor by a broken file that names it', async () => {
  await cloud.ctl(['apply', '-f', '-'], { input: slice('mine', '{size: 1}') });
  drop('other.yaml', slice('other', '{size: 0}'));
  await becomes('other', 0);
  rmSync(path('other.yaml'));
  await becomes('other', undefined);
  const from = mark();
  drop('mine.yaml', slice('mine', '{size: -1}'));
  await refusal('mine.yaml', from);
  rmSync(path('mine.yaml'));
  drop('later.yaml', slice('later', '{size: 0}'));
  await becomes('later', 0);
  assert.equal(await sizeOf('mine'), 1);
  await cloud.ctl(['delete', 'slice', 'mine']);
  rmSync(path('later.yaml'));
  await becomes('later', undefined);
});

test('a Peer manifest gives the machine labels, and slices are placed by them', async () => {
  const peer = (name: string, labels: string): string =>
    `apiVersion: p2pcs.io/v1alpha1\nkind: Peer\nmetadata:\n  name: ${name}\n  labels: ${labels}\n`;
  for (const name of ['node2', 'node3']) drop('self.yaml', peer(name, '{site: lab}'), name);
  await cloud.ctl(['apply', '-f', '-'], {
    input: slice('in-lab', '{size: 3, where: {matchLabels: {site: lab}}}'),
  });
  const members = async (): Promise<string> =>
    (await cloud.slice('in-lab')).status.members
      .map(({ peer: name }) => name)
      .sort()
      .join(' ');
  await eventually('the two of the lab are in', async () =>
    (await members()) === 'node2 node3' ? true : undefined,
  );
  const { stdout } = await cloud.ctl(['get', 'peers', '-l', 'site=lab', '-o', 'name']);
  assert.equal(stdout, 'peer.p2pcs.io/node2\npeer.p2pcs.io/node3\n');
  const from = mark();
  drop('self.yaml', peer('node2', '{site: elsewhere}'));
  assert.match(await refusal('self.yaml', from), /self\.yaml:\d+\b.*this folder is of peer node1/);
  drop('self.yaml', peer('node1', '{site: lab}'));
  await cloud.ready('in-lab', 3);
  rmSync(path('self.yaml'));
  await eventually('without the file the label is gone', async () => {
    const labelled = await cloud.ctl(['get', 'peers', '-l', 'site=lab', '-o', 'name']);
    return labelled.stdout.includes('node1') ? undefined : true;
  });
  await cloud.ctl(['delete', 'slice', 'in-lab']);
});

test('what a file asked for is remembered over a restart: gone meanwhile, removed then', async () => {
  drop('stays.yaml', slice('stays', '{size: 1}'));
  drop('goes.yaml', slice('goes', '{size: 0}'));
  await becomes('stays', 1);
  await becomes('goes', 0);
  cloud.kill('node1');
  rmSync(path('goes.yaml'));
  await cloud.startNode('node1');
  await becomes('goes', undefined);
  assert.equal(await sizeOf('stays'), 1);
});
