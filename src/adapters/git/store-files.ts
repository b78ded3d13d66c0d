/**
 * What the local store asks of the file system, in one place: a test puts a disk that fails behind it, and a disk's errors are told
 * apart from bugs.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { copyFile, link, mkdir, open, rename, rm } from "node:fs/promises";

export interface StoreFiles {
  readonly closeSync: typeof closeSync;
  readonly existsSync: typeof existsSync;
  readonly fstatSync: (file: number) => { readonly size: number };
  readonly mkdirSync: (path: string, options: { readonly recursive?: boolean; readonly mode?: number }) => unknown;
  readonly mkdtempSync: (prefix: string) => string;
  readonly openSync: (path: string, flags: string) => number;
  readonly readdirSync: (path: string) => string[];
  readonly readFileSync: (path: string) => Buffer;
  readonly readSync: (file: number, into: Buffer, offset: number, length: number, position: number) => number;
  readonly renameSync: (from: string, to: string) => void;
  readonly rmSync: typeof rmSync;
  readonly writeFileSync: (path: string, data: string | Buffer, options?: { readonly mode: number }) => void;
  readonly copyFile: (from: string, to: string) => Promise<unknown>;
  readonly link: (from: string, to: string) => Promise<unknown>;
  readonly mkdir: (path: string, options: { readonly recursive: true; readonly mode: number }) => Promise<unknown>;
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
}

/** The machine's. */
export const machineFiles: StoreFiles = {
  ...{ closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, readSync, renameSync, rmSync },
  readFileSync: (path) => readFileSync(path),
  writeFileSync,
  ...{ copyFile, link, mkdir, open, rename, rm },
};
