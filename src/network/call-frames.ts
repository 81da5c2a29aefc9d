import { encodeFrame, readUint32 } from './frame-decoder.ts';
import { Control, controlFamily } from './link-channel.ts';
import { encodeErrorBody, encodeMethod } from './relay-frames.ts';
import type { RelayError } from './relay-error.ts';

/** A call on the link's own stream carries at most this; a larger body goes over a stream of its own. */
export const callBodyBytesMax: number = 64 * 1024;
/** A larger answer is fetched over a stream of its own. */
export const callAnswerBytesMax: number = 256 * 1024;
/** The method under which an answer that waits is fetched over a stream; the body is the call's id. */
export const fetchMethod = 'network/answer';

/** All call frames begin with the asker's number of the call. */
export function encodeCall(id: number, method: string, body: Uint8Array): Uint8Array {
  return encodeFrame(controlFamily, head(Control.call, id), encodeMethod(method), body);
}

export function encodeAnswer(id: number, body: Uint8Array): Uint8Array {
  return encodeFrame(controlFamily, head(Control.answer, id), body);
}

export function encodeFailure(id: number, error: RelayError): Uint8Array {
  return encodeFrame(controlFamily, head(Control.failure, id), encodeErrorBody(error));
}

/** `elsewhere`: the answer waits to be fetched. `cancel`: the asker wants it no more. */
export function encodeWord(kind: 'elsewhere' | 'cancel', id: number): Uint8Array {
  return encodeFrame(controlFamily, head(Control[kind], id));
}

export function encodeCallId(id: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, id);
  return bytes;
}

/** The number of the call; undefined when the frame is too short for one. */
export function callIdOf(body: Uint8Array): number | undefined {
  return body.length < 4 ? undefined : readUint32(body, 0);
}

function head(kind: number, id: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, id);
  return bytes;
}
