/**
 * How many cases a property tries, and how much of the same a test of size takes: all of it in `npm run test:all`, in
 * `npm run soak` and where a seed is replayed; a fifth in `npm test`, which is run again with every change.
 */
export function casesOf(count: number): number {
  const { SLUICE_TEST_ALL: all, SLUICE_PROPERTY_SEED: seed } = process.env;
  return all === undefined && seed === undefined ? Math.ceil(count / 5) : count;
}
