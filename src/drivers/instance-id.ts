const ID = /^[a-z0-9-]{1,63}$/;

/**
 * Refuses what is no instance id: [a-z0-9-], at most 63 characters, so that an id is also a safe file name.
 * @throws Error for the caller, with the id shortened
 */
export function checkInstanceId(id: unknown): asserts id is string {
  if (typeof id === 'string' && ID.test(id)) return;
  const shown = typeof id === 'string' ? JSON.stringify(id.slice(0, 80)) : typeof id;
  throw new Error(
    `refused instance id ${shown}: an id is 1 to 63 characters of a-z, 0-9 and "-", because it names a folder`,
  );
}
