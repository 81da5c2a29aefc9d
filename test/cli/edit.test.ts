import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { p2pctl } from './run-p2pctl.ts';
import { startTestServer } from '../api/test-server.ts';
import type { Ran } from './run-p2pctl.ts';
import type { TestServer } from '../api/test-server.ts';

let server: TestServer;
const seen = (): string => join(server.folder, 'seen');

/** Runs p2pctl with a shell script as the editor: it gets the file as $1 and keeps what it saw. */
function run(args: readonly string[], script: string): Promise<Ran> {
  const editor = join(server.folder, 'editor');
  writeFileSync(editor, `#!/bin/sh\n{ echo "== $1"; cat "$1"; } >> ${seen()}\n${script}\n`);
  chmodSync(editor, 0o755);
  rmSync(seen(), { force: true });
  const env = { KUBECONFIG: server.kubeconfig, EDITOR: 'false', KUBE_EDITOR: editor };
  return p2pctl(args, { env, cwd: server.folder });
}
const rounds = (): readonly string[] => readFileSync(seen(), 'utf8').split('== ').slice(1);

async function size(): Promise<string> {
  return (await run(['get', 'slice/web', '-o', 'jsonpath={.spec.size}'], '')).out;
}

before(async () => {
  server = await startTestServer();
  assert.equal((await run(['run-nodes', 'web', '2'], '')).code, 0);
});
after(() => server.server.close());

test('what the editor changed is sent, and nothing is left behind', async () => {
  const { code, out, err } = await run(
    ['edit', 'slice', 'web'],
    `sed -i 's/^  size: 2$/  size: 4/' "$1"`,
  );
  assert.equal(out, 'slice.p2pcs.io/web edited\n', err);
  assert.equal(code, 0);
  assert.equal(existsSync(dirname(rounds()[0]!.split('\n')[0]!)), false);
  assert.equal(await size(), '4');
});

test('an edit in JSON, and one that changes nothing', async () => {
  const changed = await run(
    ['edit', 'slice/web', '-o', 'json'],
    `sed -i 's/"size": 4/"size": 5/' "$1"`,
  );
  assert.equal(changed.code, 0, changed.err);
  assert.equal(await size(), '5');
  const kept = await run(['edit', 'slice/web'], ':');
  assert.deepEqual([kept.code, kept.out], [0, 'slice.p2pcs.io/web not changed\n']);
});

test('a broken edit is shown again with the reason, and can be mended', async () => {
  const { code, out } = await run(
    ['edit', 'slice/web'],
    `if grep -q '# unknown field' "$1"; then sed -i 's/sise: 6/size: 6/' "$1"; else sed -i 's/^  size: 5/  sise: 6/' "$1"; fi`,
  );
  assert.deepEqual([code, out], [0, 'slice.p2pcs.io/web edited\n']);
  assert.equal(rounds().length, 2);
  assert.match(rounds()[1]!, /^# unknown field "spec\.sise"; did you mean spec\.size\?$/m);
  assert.match(rounds()[1]!, /^ {2}sise: 6$/m);
  assert.equal(await size(), '6');
});

test('given up, an edit is kept and exit code 1; the object stays', async () => {
  const syntax = await run(
    ['edit', 'slice/web'],
    `grep -q 'flow sequence' "$1" || sed -i 's/^  size: 6/  size: [6/' "$1"`,
  );
  assert.equal(syntax.code, 1);
  const kept = /your edit is kept in (\S+)/.exec(syntax.err)?.[1] ?? '';
  assert.match(readFileSync(kept, 'utf8'), /^ {2}size: \[6$/m);
  rmSync(dirname(kept), { recursive: true });
  const renamed = await run(['edit', 'slice/web'], `sed -i 's/^  name: web/  name: other/' "$1"`);
  assert.equal(renamed.code, 1);
  assert.match(renamed.err, /name and namespace of an object cannot be changed/);
  rmSync(dirname(/kept in (\S+)/.exec(renamed.err)![1]!), { recursive: true });
  assert.equal(await size(), '6');
});

test('an emptied file ends the edit; an editor that fails is named', async () => {
  const empty = await run(['edit', 'slice/web'], `: > "$1"`);
  assert.deepEqual([empty.code, empty.out], [0, 'slice.p2pcs.io/web not changed\n']);
  const failed = await run(['edit', 'slice/web'], 'exit 3');
  assert.equal(failed.code, 1);
  assert.match(failed.err, /the editor ".*\/editor" ended with code 3; nothing was changed/);
  assert.equal(await size(), '6');
});
