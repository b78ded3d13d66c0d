/** Settings as one text, for telling whether they are equal. */

/** Places in files are left out: a comment moves what stands below it, and says nothing else. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, (key, member) =>
    key === "at" ? undefined : member instanceof Map ? [...member] : member,
  );
}
