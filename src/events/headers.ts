/** NATS headers: names in any case, several values a name. */

export type Headers = ReadonlyMap<string, readonly string[]>;

/** The first value of a header; `name` in lower case. */
export function findHeader(headers: Headers, name: string): string | undefined {
  for (const [key, values] of headers) if (key.toLowerCase() === name) return values[0];
  return undefined;
}

/** `application/json; charset=utf-8` without its parameters, in lower case; empty if there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** RFC 6839: anything `+json` is JSON. */
export function isJsonMediaType(mediaType: string): boolean {
  return mediaType === "application/json" || mediaType === "text/json" || mediaType.endsWith("+json");
}
