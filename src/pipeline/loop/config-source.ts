/** Where the documents come from: the config folder of the target's tree, or one outside the repository. */
import type { ConfigFile } from "../../model/catalog.ts";
import type { ObjectId } from "../../ports/git.ts";

export interface ConfigSource {
  /** Changes whenever the documents may have, and where the folder comes or goes; cheap. */
  version(target: ObjectId | undefined): Promise<string | undefined>;
  /** Throws a SluiceError (CONFIG_MISSING) where the folder is not there: that is not emptiness. */
  read(target: ObjectId | undefined): Promise<readonly ConfigFile[]>;
  /**
   * Files outside the repository, which people change one by one: a look may see half of a change, so what is seen is
   * wanted only when the next look sees the same.
   */
  readonly isOutside?: boolean;
}
