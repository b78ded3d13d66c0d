/** Base64 of a text's UTF-8 bytes, as a Secret's `data` and a ConfigMap's `binaryData` hold them. */
export function encodeBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
