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

// As the JSON event format has it: a subtype of `json`, or one that ends in `+json`.
export function isJsonMediaType(mediaType: string): boolean {
  return /^[^/]+\/(?:json|.*\+json)$/.test(mediaType);
}

const textTypes = new Set(
  ["xml", "yaml", "x-yaml", "toml", "x-ndjson", "jsonl", "javascript", "graphql", "sql", "x-www-form-urlencoded"].map(
    (subtype) => `application/${subtype}`,
  ),
);

/** Whether a content type, parameters included, is one of text: `text/*`, XML, YAML and such, or one with a charset. */
export function isTextMediaType(contentType: string): boolean {
  const mediaType = mediaTypeOf(contentType);
  if (mediaType.startsWith("text/") || /\+(?:xml|yaml)$/.test(mediaType) || textTypes.has(mediaType)) return true;
  return /;\s*charset\s*=/i.test(contentType);
}
