// A peer in a process of its own, to be killed: `host-process.ts NAME BOOT LISTEN [BOOTSTRAP…]`. Says where it
// listens on its first line, and `linked`; answers `echo`; stops politely when its input ends.
import { identity, TestPeer } from './test-cloud.ts';

const [name = 'child', boot = '1', listen = '/ip4/127.0.0.1/tcp/0', ...bootstrap] =
  process.argv.slice(2);
const peer = new TestPeer(name, {
  identity: identity(name),
  boot: Number(boot),
  listen: [listen],
  bootstrap,
});
peer.network.handle('echo', async (_from, body) => body);
peer.network.handle('stall', async () => new Promise(() => {}));
await peer.network.start();
process.stdout.write(`${JSON.stringify(peer.network.addresses())}\n`);
void peer.until(() => peer.of('up').length > 0).then(() => process.stdout.write('linked\n'));
process.stdin.resume();
process.stdin.on('end', () => void peer.network.stop());
