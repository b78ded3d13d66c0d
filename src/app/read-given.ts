/** A file that a person named on the command line. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describeFileError } from "../model/describe-file-error.ts";
import { type CliContext, notFoundError } from "./cli/context.ts";
import { readStandardInput } from "./read-standard-input.ts";

/** Relative to where the command was given; `-` for standard input. Throws NOT_FOUND. */
export async function readGiven({ workingDirectory }: CliContext, file: string): Promise<Buffer> {
  try {
    return file === "-" ? await readStandardInput() : await readFile(resolve(workingDirectory, file));
  } catch (error) {
    throw notFoundError(`${file} can't be read: ${describeFileError(error)}`);
  }
}
