import { verbs } from './verbs.ts';
import type { Terminal } from './terminal.ts';

/** `p2pctl --help`: every verb in a line, grouped, and how to begin. */
export function topHelp(terminal: Terminal): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  const groups = [...new Set(verbs.map((verb) => verb.group))].map((group) => {
    const lines = verbs
      .filter((verb) => verb.group === group)
      .map((verb) => `  ${terminal.paint('cyan', verb.name.padEnd(width))}  ${verb.summary}`);
    return [terminal.paint('bold', `${group}:`), ...lines, ''].join('\n');
  });
  return [
    'p2pctl: speaks to a peer of a P2PCS cloud; any peer will do.',
    '',
    ...groups,
    terminal.paint('bold', 'Begin:'),
    '  p2pctl up --peers 5               a cloud on this machine',
    '  p2pctl run-nodes my-sub-cloud 3   a slice of three of its peers',
    '  p2pctl ring my-sub-cloud          their ring, drawn',
    '',
    'p2pctl VERB --help says more, with examples.',
    '',
  ].join('\n');
}
