/** The whole body of an answer, up to a bound: a server that never ends must not fill the memory. */
import type { IncomingMessage } from "node:http";

export async function readAnswer(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) throw new Error("the answer is too large");
  }
  return Buffer.concat(chunks);
}
