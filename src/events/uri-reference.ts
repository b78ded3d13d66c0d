/** RFC 3986, as far as events and their headers need it: its characters, where a colon may stand, and hosts with ports. */

const reference = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** What stands before a path: who, at a name or an address in brackets, by a port. */
const authority = /^(?:[^@[\]]*@)?(?:\[[^@[\]]+\]|[^:@[\]]*)(?::[0-9]*)?$/;

export function isUriReference(value: string): boolean {
  if (!reference.test(value)) return false;
  const rest = value.replace(scheme, "");
  // Without a scheme a colon in the first segment would end one (path-noscheme).
  if (rest.length === value.length && /^[^/?#]*:/.test(rest)) return false;
  const host = /^\/\/([^/?#]*)/.exec(rest)?.[1];
  return host === undefined || authority.test(host);
}

/** With a scheme: what `dataschema` must be. */
export function isUri(value: string): boolean {
  return isUriReference(value) && scheme.test(value);
}
