/** What documents say that must stand on no branch, as the settings have it kept. */
import { DiskHiddenTexts } from "../../adapters/system/hidden-texts.ts";
import type { Settings } from "../../model/settings.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";

/** `mayKeep`: for a service; a command that reads draws no key that stays. Throws a SluiceError (SECRET_UNREADABLE). */
export function composeHiddenTexts(context: CliContext, { output, state }: Settings, mayKeep: boolean): HiddenTexts {
  const { hmacKey } = output.sops;
  const key = hmacKey === undefined ? {} : { key: secretReader(context)(hmacKey) };
  return new DiskHiddenTexts({ directory: state.directory, mayKeep, ...key });
}
