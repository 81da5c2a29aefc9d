/** How a link to a neighbour ended; the network's words, which the pure ring cannot import. */
export type LinkLoss = 'refused' | 'reset' | 'closed' | 'silent';
