/** The variable that tells a command its port: `P2PCS_PORT_HTTP` for the port named `http`, `-` as `_`. */
export function portVariable(portName: string): string {
  return `P2PCS_PORT_${portName.toUpperCase().replaceAll('-', '_')}`;
}
