// A daemon reduced to what the suite needs: starts one instance, says so, and waits to be killed.
import { ProcessDriver } from '../../../src/drivers/process/process-driver.ts';
import type { InstanceRequest } from '../../../src/drivers/driver.ts';

const [root = '', request = ''] = process.argv.slice(2);
const driver = new ProcessDriver({ root, environment: process.env });
await driver.start(JSON.parse(request) as InstanceRequest);
process.stdout.write('started\n');
setInterval(() => undefined, 1000);
