/** RFC 3986, as far as it decides which of two readings of a header is meant: its characters, and `%` with two digits. */

const reference = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

export function isUriReference(value: string): boolean {
  return reference.test(value);
}

/** With a scheme: what `dataschema` must be. */
export function isUri(value: string): boolean {
  return isUriReference(value) && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(value);
}
