/** What `doctor` looks at on this machine: the settings' secrets, who else may read them, the folder of the state, the disk. */
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Examination } from "../../model/examination.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { SecretRef, Settings } from "../../model/settings.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";
import { secretsOf } from "../secrets-of.ts";

const freeBytesMin = 256 * 1024 * 1024;

export function examineSecrets(context: CliContext, settings: Settings): Examination {
  const facts: string[] = [];
  const problems: Problem[] = [];
  const read = secretReader(context);
  for (const ref of secretsOf(settings)) {
    try {
      read(ref);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const hint = ref.kind === "env" ? "Set it where the service runs." : "Mount or write it where the service runs.";
      problems.push({ hint, ...error.problem });
      continue;
    }
    facts.push(`${nameOf(ref)} can be read`);
    if (ref.kind === "file" && (statSync(ref.path).mode & 0o007) !== 0) {
      const message = `${ref.path} can be read by every user of this machine`;
      problems.push({
        code: "SECRET_UNREADABLE",
        severity: "warning",
        message,
        hint: `chmod 600 ${ref.path}`,
        at: ref.at,
      });
    }
  }
  if (facts.length + problems.length === 0) facts.push("the settings name none");
  return { subject: "secrets", facts, problems };
}

function nameOf(ref: SecretRef): string {
  if (ref.kind === "value") return "a value";
  return ref.kind === "env" ? `variable ${ref.name}` : ref.path;
}

export function examineStateDirectory({ state: { directory } }: Settings, hasService: boolean): Examination {
  const facts: string[] = [];
  const problems: Problem[] = [];
  const subject = "state.directory";
  if (hasService) facts.push("a service runs with it");
  // Where it is not there yet, its parent has to let it be made.
  let place = directory;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const unusable = (message: string, hint: string) =>
    problems.push({ code: "DISK_UNAVAILABLE", severity: "error", message, hint });
  try {
    if (!statSync(place).isDirectory())
      unusable(`${place} is no folder`, "Name another folder as state.directory, or move the file away.");
    else {
      accessSync(place, constants.W_OK | constants.X_OK);
      facts.push(`${directory} can be written`);
    }
  } catch {
    const hint = "Give the service's user a folder of its own: chown, or another state.directory. Core NATS needs it.";
    unusable(`${place} can't be written by this user`, hint);
  }
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const megabytes = Math.round(free / 1024 / 1024);
  if (free < freeBytesMin)
    unusable(`its disk has ${megabytes} MiB left`, "Make room: journal and local store live there.");
  else facts.push(`its disk has ${megabytes} MiB left`);
  return { subject, facts, problems };
}
