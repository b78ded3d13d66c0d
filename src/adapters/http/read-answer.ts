/** The whole body of an answer, up to a bound: a server that never ends must not fill the memory. */
import type { IncomingMessage } from "node:http";

export async function readAnswer(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // By events: an iterator for each answer takes longer than most answers do.
  await new Promise<void>((resolve, reject) => {
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > bytesMax) response.destroy(new Error("the answer is too large"));
    });
    response.once("end", resolve);
    response.once("error", reject);
    response.once("close", () => {
      if (!response.complete) reject(new Error("the connection was closed before the answer had ended"));
    });
  });
  return Buffer.concat(chunks);
}
