/** What is given on standard input: `-` in the place of a file. */

/** So much is more than anybody means to pipe in. */
const bytesMax = 256 * 1024 * 1024;

export async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) throw new Error("standard input is larger than 256 MiB");
  }
  return Buffer.concat(chunks);
}
