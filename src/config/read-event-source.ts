/** EventSources: patterns compiled, fields for Kubernetes resources reported as without effect. */
import type { EventSource, MessagingMatchCriteria, Pattern } from "../model/catalog.ts";
import type { Json } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { formatPath } from "./check-shape.ts";
import { type Compatibility, compilePattern } from "./compile-pattern.ts";
import { warnOfFields } from "./fields-without-effect.ts";
import { isSubjectWildcard, patternOfWildcard, withWildcard } from "./subject-wildcard.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

const patternFields = ["subject", "cloudEventSource", "cloudEventType", "cloudEventSubject"] as const;

/** Reads a document of checked shape. */
export function readEventSource(
  document: YamlDocument,
  name: string,
  compatibility: Compatibility,
): Checked<EventSource> {
  const problems: Problem[] = warnOfFields(document, "EventSource");
  const spec = memberObject(document.value, "spec");
  const messagingMatchCriteria = memberList(spec, "messagingMatchCriteria").map((criteria, index) => {
    const read = readCriteria(document, criteria, index, compatibility);
    problems.push(...read.problems);
    return read.value;
  });
  return { value: { name, messagingMatchCriteria, at: document.placeOf([]) }, problems };
}

function readCriteria(
  document: YamlDocument,
  criteria: Json,
  index: number,
  compatibility: Compatibility,
): Checked<MessagingMatchCriteria> {
  const problems: Problem[] = [];
  const value: { [field in (typeof patternFields)[number]]?: Pattern } = {};
  for (const field of patternFields) {
    const source = memberText(criteria, field);
    // Empty is as good as absent, as in Sveltos.
    if (source === undefined || source === "") continue;
    const path = ["spec", "messagingMatchCriteria", index, field];
    const pattern = compilePattern(source, compatibility);
    if (field === "subject" && isSubjectWildcard(source)) {
      value.subject = withWildcard("fault" in pattern ? undefined : pattern, source, compatibility);
      if (compatibility === "strict") problems.push(warnOfWildcard(document, path, source));
    } else if ("fault" in pattern) {
      problems.push(
        document.problem("PATTERN_INVALID", `${formatPath(path)}: ${pattern.fault}`, document.placeOf(path)),
      );
    } else value[field] = pattern;
  }
  const path = ["spec", "messagingMatchCriteria", index];
  return {
    value: { ...value, at: document.placeOf(value.subject === undefined ? path : [...path, "subject"]) },
    problems,
  };
}

function warnOfWildcard(document: YamlDocument, path: Path, source: string): Problem {
  return document.warning(
    "PATTERN_WILDCARD",
    `${formatPath(path)}: ${source} is a wildcard of NATS and not a pattern, so it matches no message`,
    document.placeOf(path),
    `Write "${patternOfWildcard(source)}" for what it would take.`,
  );
}
