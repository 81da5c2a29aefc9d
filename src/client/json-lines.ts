import type { Json } from '../objects/json.ts';

/** A line longer than this is no watch event. */
const lineBytesMax = 8 << 20;

/** Splits a stream of bytes at newlines and parses each line. Throws when a line is too long or is no JSON. */
export async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Json, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.toString('utf8', 0, end).trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield JSON.parse(line) as Json;
    }
    if (rest.length > lineBytesMax) throw new Error('a watch event is larger than 8 MiB');
  }
}
