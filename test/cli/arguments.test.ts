import assert from 'node:assert/strict';
import { Command } from 'commander';
import { test } from 'node:test';

import { likeKubectl, splitVerb } from '../../src/cli/arguments.ts';
import { parseListen } from '../../src/cli/local-cloud/listen-address.ts';
import { readDuration } from '../../src/cli/duration-option.ts';

test('the verb is found behind options that take a value', () => {
  assert.deepEqual(splitVerb(['-n', 'get', '--peer', 'node3', 'describe', 'slice', 'x']), {
    verb: 'describe',
    rest: ['-n', 'get', '--peer', 'node3', 'slice', 'x'],
  });
  assert.deepEqual(splitVerb(['--context=a', 'get']), { verb: 'get', rest: ['--context=a'] });
  assert.deepEqual(splitVerb(['--help']), { rest: ['--help'] });
});

test('spellings of kubectl are understood, values are left alone', () => {
  const command = new Command()
    .option('-o, --output <format>')
    .option('-w, --watch')
    .option('--no-wait')
    .option('--for <goal>');
  const words = ['-o=json', '--watch=true', '--wait=false', '--for=delete', 'a=true', '--', '-o=x'];
  assert.deepEqual(likeKubectl(words, command), [
    '-o',
    'json',
    '--watch',
    '--no-wait',
    '--for=delete',
    'a=true',
    '--',
    '-o=x',
  ]);
  assert.deepEqual(likeKubectl(['--watch=false', '--wait=true'], command), []);
});

test('durations are those of Go, or seconds', () => {
  assert.deepEqual(
    ['30s', '1m30s', '500ms', '0', '2.5'].map(readDuration),
    [30_000, 90_000, 500, 0, 2500],
  );
  for (const text of ['', 'soon', '5d', '-1s', '1s2'])
    assert.throws(() => readDuration(text), text);
});

test('addresses to listen on come in the usual forms', () => {
  assert.equal(parseListen('10.0.0.8'), '/ip4/10.0.0.8/tcp/7420');
  assert.equal(parseListen('0.0.0.0:4001'), '/ip4/0.0.0.0/tcp/4001');
  assert.equal(parseListen('::'), '/ip6/::/tcp/7420');
  assert.equal(parseListen('[fd00::1]:99'), '/ip6/fd00::1/tcp/99');
  assert.equal(parseListen('lab7.example.org:1'), '/dns/lab7.example.org/tcp/1');
  assert.equal(parseListen('/dns4/x/tcp/5'), '/dns4/x/tcp/5');
  for (const text of ['', 'a b', '1.2.3.4:0', '1.2.3.4:99999', '/ip4/1.2.3.4', 'x:y']) {
    assert.throws(() => parseListen(text), { exitCode: 2 }, text);
  }
});
