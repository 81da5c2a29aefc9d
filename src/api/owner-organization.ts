/** The O of a client certificate whose CN is an owner: no other CN of this CA can pass for one. */
export const ownerOrganization = 'p2pcs:owner';
