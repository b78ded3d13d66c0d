/** What can be wrong with the local store. Never seen outside the adapter: it is made anew from the remote, here or elsewhere. */
import type { ObjectId } from "../../ports/git.ts";

/** The store is not what it should be. */
export class DamagedStoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DamagedStoreError";
  }
}

/** The store lacks an object that it need not have for good: one that no branch's newest commit reaches, perhaps. */
export class MissingObjectError extends DamagedStoreError {
  readonly type: "commit" | "tree";
  readonly id: ObjectId;

  constructor(type: "commit" | "tree", id: ObjectId) {
    super(`${type} ${id} is missing`);
    this.name = "MissingObjectError";
    this.type = type;
    this.id = id;
  }
}

/** The disk that the store is on does not take what is written: it is full, read-only, or gone. */
export class StoreDiskError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreDiskError";
  }
}

/** Whether the operating system refused a call on a file. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) && typeof syscall === "string";
}

/** Whether git says that of its own calls. */
export function isDiskFault(stderr: string): boolean {
  return /no space left|disk quota|read-only file system|input\/output error|too many open files|unable to create (?:temporary file|directory)|unable to write|failed to write|insufficient permission for adding|could not (?:lock|write|open) .*(?:permission denied|read-only)/i.test(
    stderr,
  );
}

/** Does what writes to the store; what the disk refuses is a StoreDiskError. */
export async function withStoreDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isFileError(error) ? new StoreDiskError(`${what}: ${error.code}`, error) : error;
  }
}
