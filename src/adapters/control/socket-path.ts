/**
 * Paths of Unix sockets are short (108 bytes with the end, 104 on macOS); folders may be anywhere. On Linux a folder that
 * is open has a short path of its own.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";

const pathBytesMax = 100;

export interface SocketFolder {
  /** The socket's path by which it can be listened on and connected to, while the folder is open. */
  path(name: string): string;
  close(): Promise<void>;
}

/** Throws a SluiceError (SETTINGS_INVALID) where the path is too long for this system. */
export async function openSocketFolder(directory: string): Promise<SocketFolder> {
  if (process.platform === "linux") {
    const handle: FileHandle = await open(directory, "r");
    return { path: (name) => `/proc/self/fd/${handle.fd}/${name}`, close: () => handle.close() };
  }
  return {
    path: (name) => {
      const path = join(directory, name);
      if (Buffer.byteLength(path) <= pathBytesMax) return path;
      throw new SluiceError({
        code: "SETTINGS_INVALID",
        message: `${path} is too long for a Unix socket on this system (${pathBytesMax} bytes)`,
        hint: "Set state.directory to a shorter path.",
      });
    },
    close: async () => undefined,
  };
}
