/** What became of a program that speaks to the remote or to the local store, as a problem. */
import { SluiceError } from "../../model/problem.ts";
import { isLimitInWords } from "../http/rate-limit.ts";
import { FetchFailedError } from "./local-store.ts";
import { StoreDiskError } from "./store-error.ts";

/** Whether what `git fetch` said is about the store that it fetched into. */
export function isStoreFault(stderr: string): boolean {
  return /corrupt|bad object|missing|unable to read|not a git repository|invalid|packfile|index file|shallow|loose object|did not send all/i.test(
    stderr,
  );
}

/** Of what fetching threw. */
export function toRemoteError(error: unknown): unknown {
  if (error instanceof StoreDiskError) {
    const hint = "Make room on the disk. What is pushed stays in memory until then.";
    return new SluiceError({ code: "DISK_UNAVAILABLE", message: error.message, hint }, error);
  }
  return error instanceof FetchFailedError ? explainProgramFailure(error.stderr, error) : error;
}

/** What a program that speaks to the remote printed before it gave up, as a problem. */
export function explainProgramFailure(stderr: string, cause: unknown): SluiceError {
  if ((cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
    return new SluiceError(
      {
        code: "PROGRAM_MISSING",
        message: "the program git is not installed",
        hint: "Install Git and see that it is on the PATH.",
      },
      cause,
    );
  }
  const isLater = isLimitInWords(stderr) || /returned error: 429/.test(stderr);
  const isAuth =
    !isLater &&
    /authentication failed|permission denied|could not read (username|password)|403|401|host key verification/i.test(
      stderr,
    );
  const said = stderr === "" ? "it ended without a word" : stderr;
  return new SluiceError(
    {
      code: isAuth ? "GIT_AUTH" : "GIT_UNAVAILABLE",
      message: `the Git repository can't be reached: ${said}`,
      hint: isAuth
        ? "Check the credentials under `repository.auth`, and what they may do."
        : isLater
          ? "It limits how often it may be asked: set commit.minInterval."
          : /'\/.*' does not appear to be a git repository/.test(stderr)
            ? "See that it is there: without a scheme repository.url is a path. An address begins with https:// or ssh://, or is git@host:path."
            : "Check `repository.url`, and that the repository exists.",
    },
    cause,
  );
}
