/** What the journal asks of its machine, in one place: the simulation puts a disk behind it that fails, forgets and waits. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type DirectoryLock, lockDirectory } from "../system/directory-lock.ts";

export interface JournalFile {
  read(into: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  readFile(): Promise<Buffer>;
  writeFile(text: string): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ readonly size: number }>;
  /** What was written survives a crash. */
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFiles {
  mkdir(path: string, options: { readonly recursive: true; readonly mode?: number }): Promise<unknown>;
  open(path: string, flags: string, mode?: number): Promise<JournalFile>;
  readdir(path: string): Promise<string[]>;
  readText(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  lock(directory: string): Promise<DirectoryLock>;
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Of a journal that begins: 16 bytes in hex digits that no other has. */
  newEpoch(): string;
}

const epochBytes = 16;

/** The machine's. */
export const machineFiles: JournalFiles = {
  ...{ mkdir, open, readdir, rename, unlink },
  readText: (path) => readFile(path, "utf8"),
  lock: lockDirectory,
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  now: Date.now,
  newEpoch: () => randomBytes(epochBytes).toString("hex"),
};
