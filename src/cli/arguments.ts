import type { Command } from 'commander';

/** Options of every verb that take a value and may stand before the verb. */
const valued = new Set(['--kubeconfig', '--context', '--peer', '-n', '--namespace']);

/** Splits `[options] verb rest…`; without a verb, `rest` is everything. */
export function splitVerb(args: readonly string[]): {
  readonly verb?: string;
  readonly rest: readonly string[];
} {
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (!word.startsWith('-')) {
      return { verb: word, rest: [...args.slice(0, index), ...args.slice(index + 1)] };
    }
    if (valued.has(word)) index += 1;
  }
  return { rest: args };
}

/**
 * Accepts what people type for kubectl: `-o=json`, `--watch=true`, `--wait=false`. Everything after `--` and every
 * option's value stays as it is.
 */
export function likeKubectl(args: readonly string[], command: Command): readonly string[] {
  const isSwitch = (long: string): boolean =>
    command.options.some((option) => option.long === long && (option.isBoolean() || option.negate));
  const end = args.indexOf('--');
  const read = end < 0 ? args : args.slice(0, end);
  const words = read.flatMap((word) => {
    const short = /^(-[A-Za-z])=(.*)$/s.exec(word);
    if (short !== null) return [short[1]!, short[2]!];
    const long = /^--([a-z-]+)=(true|false)$/.exec(word);
    if (long === null) return [word];
    const [, name, value] = long;
    const [yes, no] = [`--${name}`, `--no-${name}`];
    if (!isSwitch(yes) && !isSwitch(no)) return [word];
    const wanted = value === 'true' ? yes : no;
    return isSwitch(wanted) ? [wanted] : [];
  });
  return end < 0 ? words : [...words, ...args.slice(end)];
}
