/** Base64 as Kubernetes and Go take it. */

const strictBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The UTF-8 text that was encoded; undefined if it is no padded base64, or no UTF-8 came out. Line breaks are ignored. */
export function decodeBase64Text(encoded: string): string | undefined {
  const compact = encoded.replace(/[\r\n]/g, "");
  if (!strictBase64.test(compact)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(compact, "base64"));
  } catch {
    return undefined;
  }
}
