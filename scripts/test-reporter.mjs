// Node's spec reporter, plus the reason of every skipped test before its closing lines.
// In CI everything a test could need is installed, so there a skipped test is a failure.
import { spec } from 'node:test/reporters';

const say = (message) => ({ type: 'test:diagnostic', data: { nesting: 0, message } });

async function* withSkips(events) {
  const skipped = [];
  let closing = false;
  for await (const event of events) {
    const { data, type } = event;
    if (type === 'test:pass' && data.skip !== undefined && data.skip !== false) {
      const reason =
        typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given';
      skipped.push(`skipped: ${data.name}: ${reason}`);
    }
    if (type === 'test:diagnostic' && /^tests \d+$/.test(data.message) && !closing) {
      closing = true;
      yield* skipped.map(say);
      if (skipped.length > 0 && process.env['CI'] === 'true') {
        process.exitCode = 1;
        yield say('CI=true: a skipped test is a failure; .ci/run installs what tests need');
      }
    }
    yield event;
  }
}

export default async function* reporter(events) {
  const out = new spec();
  const feed = (async () => {
    for await (const event of withSkips(events)) {
      if (!out.write(event)) await new Promise((resolve) => out.once('drain', resolve));
    }
    out.end();
  })();
  yield* out;
  await feed;
}
