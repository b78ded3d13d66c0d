/** Folders for what commands write. */
export { makeFolders } from "../../adapters/system/make-folders.ts";
