import manifest from '../../package.json' with { type: 'json' };

/** The version of this p2pctl. */
export const version: string = manifest.version;
