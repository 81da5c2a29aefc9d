import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { encodeFrame, frameHeaderBytes } from './frame-decoder.ts';
import { RelayError, relayErrorCode } from './relay-error.ts';

/** The protocol of relayed requests: one stream a call. */
export const relayProtocol = '/p2pcs/relay/1';

/** First byte of each frame on a relay stream. */
export const Relay = {
  /** Length of the method's name (one byte), the name, the body. First frame from the asker. */
  request: 1,
  /** The end of a chunk, or all of it. */
  chunk: 2,
  /** A piece of a chunk that goes on in the next frame. */
  piece: 3,
  /** Trailer: the answer is complete. */
  done: 4,
  /** Trailer: cborg `[code, message]`. */
  error: 5,
} as const;

/** Pieces of this size keep one long answer from holding up the links on the same connection. */
const pieceBytes = 64 * 1024;
const methodLengthMax = 64;
const messageLengthMax = 4096;
/** What a request frame holds besides the body. */
export const requestOverheadBytes: number = 2 + methodLengthMax;
/** Enough for any frame of an answer. */
export const answerFrameBytesMax: number = pieceBytes + frameHeaderBytes + 1 + 4 * messageLengthMax;

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeRequest(method: string, body: Uint8Array): Uint8Array {
  return encodeFrame(Relay.request, encodeMethod(method), body);
}

/** The method's name after its length in one byte. */
export function encodeMethod(method: string): Uint8Array {
  const name = utf8.encode(method);
  if (name.length === 0 || name.length > methodLengthMax) {
    throw new RangeError(`a relay method has 1 to ${methodLengthMax} bytes, not ${name.length}`);
  }
  const bytes = new Uint8Array(1 + name.length);
  bytes[0] = name.length;
  bytes.set(name, 1);
  return bytes;
}

export interface RelayRequest {
  readonly method: string;
  readonly body: Uint8Array;
}

/** Takes a request frame apart; undefined when it is none. */
export function decodeRequest(frame: Uint8Array): RelayRequest | undefined {
  return frame[0] === Relay.request ? decodeMethod(frame.subarray(1)) : undefined;
}

/** Takes a method's name and the body after it apart; undefined when they are none. */
export function decodeMethod(bytes: Uint8Array): RelayRequest | undefined {
  const length = bytes[0] ?? 0;
  if (length === 0 || length > methodLengthMax || bytes.length < 1 + length) return undefined;
  return { method: text.decode(bytes.subarray(1, 1 + length)), body: bytes.subarray(1 + length) };
}

/** One chunk of an answer as frames. */
export function* encodeChunk(chunk: Uint8Array): Iterable<Uint8Array> {
  let at = 0;
  for (; chunk.length - at > pieceBytes; at += pieceBytes) {
    yield encodeFrame(Relay.piece, chunk.subarray(at, at + pieceBytes));
  }
  yield encodeFrame(Relay.chunk, chunk.subarray(at));
}

export function encodeTrailer(error?: RelayError): Uint8Array {
  if (error === undefined) return encodeFrame(Relay.done);
  return encodeFrame(Relay.error, encodeErrorBody(error));
}

/** cborg `[code, message]`. */
export function encodeErrorBody(error: RelayError): Uint8Array {
  return encode([error.code, error.message.slice(0, messageLengthMax)]);
}

/** The error of an error trailer; what cannot be read is `failed`. */
export function decodeError(body: Uint8Array): RelayError {
  const parts = decodeBounded(body, { maxBytes: body.length, maxDepth: 1, maxItems: 3 });
  const [code, message] = Array.isArray(parts) ? (parts as readonly unknown[]) : [];
  return new RelayError(
    relayErrorCode(code),
    typeof message === 'string' ? message : 'the other side failed without saying why',
  );
}
