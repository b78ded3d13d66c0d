/** Reads objects that git keeps in files of their own. */
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import type { GitObject, ObjectType } from "./object-id.ts";
import { DamagedStoreError } from "./store-error.ts";
import { machineFiles, type StoreFiles } from "./store-files.ts";

/** The object below the `objects` folder, or undefined where it has no file of its own. */
export function readLooseObject(
  objectsFolder: string,
  id: ObjectId,
  files: StoreFiles = machineFiles,
): GitObject | undefined {
  const path = join(objectsFolder, id.slice(0, 2), id.slice(2));
  let bytes: Buffer;
  try {
    bytes = files.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DamagedStoreError(`${path} can't be read`, error);
  }
  try {
    const object = inflateSync(bytes);
    const nul = object.indexOf(0);
    const [, type, size] = /^(commit|tree|blob|tag) (\d+)$/.exec(object.toString("latin1", 0, nul)) ?? [];
    const body = object.subarray(nul + 1);
    if (type !== undefined && Number(size) === body.length) return { type: type as ObjectType, body };
  } catch (error) {
    throw new DamagedStoreError(`${path} does not inflate`, error);
  }
  throw new DamagedStoreError(`${path} is no object`);
}
