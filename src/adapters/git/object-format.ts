/** Repositories that name their objects by SHA-256 are told apart, and refused, wherever a server is first heard. */
import { SluiceError } from "../../model/problem.ts";
import type { Advertisement } from "./transport.ts";

/** Throws a SluiceError (GIT_INVALID) where the repository's names are not SHA-1's. */
export function checkObjectFormat({ capabilities, refs }: Advertisement): void {
  const [first] = refs.values();
  const format = capabilities.get("object-format") ?? (first !== undefined && first.length > 40 ? "sha256" : "sha1");
  if (format === "sha1") return;
  throw new SluiceError({
    code: "GIT_INVALID",
    message: `the repository names its objects by ${format}; Sluice writes SHA-1 only`,
    hint: "Use a repository that was made with --object-format=sha1, which is Git's default.",
  });
}
