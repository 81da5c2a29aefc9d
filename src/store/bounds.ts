/** Records of every kind stay below this, so that a frame of 256 KiB carries any one of them. */
export const maxRecordBytes: number = 255 * 1024;

/** Nesting of a record's value, and data items of its body. */
export const maxValueDepth = 32;
export const maxBodyItems = 50_000;

/** Ancestors a record names, its base included. */
export const maxAncestors = 8;

/** A record further ahead of the local wall clock than this is held until its time comes near. */
export const maxAheadMs = 60_000;

/** How long a deletion is remembered: as long as a delegation lives, so that nobody can sign past it. */
export const tombstoneLifeMs: number = 30 * 24 * 3600 * 1000;
