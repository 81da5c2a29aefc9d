/** What a peer may choose for itself; peers with different values understand each other. */
export interface AntiEntropyConfig {
  /** Longest time between two digests while something changes, ms. Less: losses are repaired sooner, more bytes. */
  readonly changingMs: number;
  /** The same when quiet, drawn between the two, ms. */
  readonly quietMinMs: number;
  readonly quietMaxMs: number;
  /** How long after the last change it counts as changing, ms. */
  readonly settledMs: number;
  /** Records up to this size are pushed whole, larger ones by id, bytes. More: sooner there, more duplicates. */
  readonly pushBytesMax: number;
  /** Neighbours to whom news of others is passed on. The writer tells all of its own; more: fewer gaps, more duplicates. */
  readonly relayFanout: number;
  /** After this long without an answer a record is asked of somebody else, ms. */
  readonly answerMs: number;
  /** Records sent on request to one peer, bytes a second, and at once. */
  readonly sendBytesPerSecond: number;
  readonly sendBytesBurst: number;
  /** Records of one peer that are checked, a second, and at once; each costs a signature. */
  readonly offersPerSecond: number;
  readonly offersBurst: number;
  /** Other messages of one peer, a second, and at once. */
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
}

export const antiEntropyLan: AntiEntropyConfig = {
  changingMs: 1000,
  quietMinMs: 5000,
  quietMaxMs: 10_000,
  settledMs: 3000,
  pushBytesMax: 8 * 1024,
  relayFanout: 3,
  answerMs: 2000,
  sendBytesPerSecond: 8 * 2 ** 20,
  sendBytesBurst: 3 * 2 ** 20,
  offersPerSecond: 5000,
  offersBurst: 20_000,
  messagesPerSecond: 200,
  messagesBurst: 400,
};
