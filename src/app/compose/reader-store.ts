/** The repository in a store of one's own: the service may be running, and other commands that read. */
import { holdReaderFolder } from "../../adapters/system/state-directory.ts";
import type { Settings } from "../../model/settings.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { openRepository } from "./repository.ts";

export interface ReaderStore {
  readonly git: GitRepository;
  close(): Promise<void>;
}

/** `store`: its name among those of this reader. */
export async function openReaderStore(
  context: CliContext,
  settings: Settings,
  log: Log,
  store = "git",
): Promise<ReaderStore> {
  const folder = await holdReaderFolder(settings.state.directory);
  try {
    const git = await openRepository(context, settings, store, log, folder.path);
    return {
      git,
      close: async () => {
        await git.close();
        await folder.close();
      },
    };
  } catch (error) {
    await folder.close();
    throw error;
  }
}
