import type { InstanceRequest } from './driver.ts';
import { checkInstanceId } from './instance-id.ts';

const labelsBytesMax = 4096;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PORT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * What every driver refuses before it acts: a hostile id, no command, labels over 4 KiB, names that no environment
 * can carry.
 * @throws Error for a user
 */
export function checkRequest(request: InstanceRequest): void {
  checkInstanceId(request.id);
  const refuse = (why: string): never => {
    throw new Error(`cannot start instance ${request.id}: ${why}`);
  };
  const { command, args = [], ports = [] } = request.template;
  if (!Array.isArray(command) || command.length === 0 || command[0] === '') {
    refuse('its template has no command; name a program in spec.template.spec.command');
  }
  if ([...command, ...args].some((word) => word.includes('\0'))) {
    refuse('its command has a zero byte, which no program can be given');
  }
  for (const [name, value] of Object.entries(request.env)) {
    if (!ENV_NAME.test(name) || value.includes('\0')) {
      refuse(
        `the environment variable ${JSON.stringify(name.slice(0, 80))} has no valid name or value`,
      );
    }
  }
  for (const port of ports) {
    if (!PORT_NAME.test(port.name)) refuse(`${JSON.stringify(port.name)} is no port name`);
  }
  const labelsBytes = Buffer.byteLength(JSON.stringify(request.labels));
  if (labelsBytes > labelsBytesMax) {
    refuse(`its labels take ${labelsBytes} bytes of JSON, and a driver carries ${labelsBytesMax}`);
  }
}
