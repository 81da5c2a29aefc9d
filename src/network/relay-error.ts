/**
 * refused: the other side does not want to (policy, too many at once). notFound: it knows no such method or thing.
 * timeout: no answer in time. unreachable: no way there, or the link broke. failed: everything else.
 */
export type RelayErrorCode = 'refused' | 'notFound' | 'timeout' | 'unreachable' | 'failed';

const codes: readonly RelayErrorCode[] = [
  'refused',
  'notFound',
  'timeout',
  'unreachable',
  'failed',
];

/** What a relayed request can end in; thrown by a handler, its code and message reach the asker. */
export class RelayError extends Error {
  override readonly name: string = 'RelayError';
  readonly code: RelayErrorCode;

  constructor(code: RelayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A code from the wire; a code that is not known here reads as `failed`. */
export function relayErrorCode(value: unknown): RelayErrorCode {
  return codes.find((code) => code === value) ?? 'failed';
}
