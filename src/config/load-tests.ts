/** Files of template tests: text to cases, every fault at its place. Reads no other file. */
import schema from "../../schemas/tests.schema.json" with { type: "json" };
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import type { ExpectedFailure, ExpectedManifest, TestCase, TestEvent, TestFile } from "../model/template-test.ts";
import { shapeCheck } from "./check-shape.ts";
import { sortProblems } from "./sort-problems.ts";
import { memberList, memberObject, memberText, type Path, parseYaml, type YamlDocument } from "./yaml-document.ts";

const checkShape = shapeCheck(schema);

/** Undefined if anything is an error. */
export function loadTests(text: string, file: string): Checked<TestFile | undefined> {
  const [document, second] = parseYaml(text, { file });
  if (document === undefined) {
    const at = { file, line: 1, column: 1 };
    return {
      value: undefined,
      problems: [{ code: "DOCUMENT_INVALID", severity: "error", message: "the file is empty", at }],
    };
  }
  const problems: Problem[] = [...document.syntaxErrors];
  if (second !== undefined)
    problems.push(second.problem("DOCUMENT_INVALID", "the file must hold one document", second.placeOf([])));
  if (problems.length === 0) problems.push(...checkShape(document, "DOCUMENT_INVALID"));
  if (problems.length > 0) return { value: undefined, problems: sortProblems(problems) };

  const root = document.value;
  const fileClusters = readClusters(root);
  const cases = memberList(root, "cases").map((_, index) => readCase(document, index, fileClusters, problems));
  const value = { ...optionalText(root, "connection"), ...optionalText(root, "subject"), cases };
  return { value: problems.length > 0 ? undefined : value, problems: sortProblems(problems) };
}

function readCase(
  document: YamlDocument,
  index: number,
  fileClusters: Pick<TestCase, "clusters">,
  problems: Problem[],
): TestCase {
  const path: Path = ["cases", index];
  const value = memberList(document.value, "cases")[index]!;
  const expect = memberObject(value, "expect")!;
  const events = memberList(value, "events").map((event, at) => {
    const given = ["event", "file", "text"].filter((key) => isJsonObject(event) && event.has(key));
    const eventPath = [...path, "events", at];
    if (given.length !== 1) {
      const message = "an event needs exactly one of event, file and text";
      problems.push(document.problem("DOCUMENT_INVALID", message, document.placeOf(eventPath)));
    }
    return readEvent(event as JsonObject);
  });
  if (expect.has("manifests") && expect.has("files")) {
    const at = document.keyPlaceOf([...path, "expect", "files"]);
    problems.push(document.problem("DOCUMENT_INVALID", "manifests and files exclude each other", at));
  }
  const files = memberText(expect, "files");
  const manifests = memberList(expect, "manifests").map(
    (manifest, at): ExpectedManifest => ({
      ...optionalText(manifest, "cluster"),
      object: memberObject(manifest, "object")!,
      at: document.placeOf([...path, "expect", "manifests", at]),
    }),
  );
  return {
    name: memberText(value, "name")!,
    at: document.placeOf(path),
    ...fileClusters,
    ...readClusters(value),
    events,
    ...(files === undefined ? { manifests } : { files }),
    failures: memberList(expect, "failures").map(
      (failure): ExpectedFailure => ({
        code: memberText(failure, "code")!,
        ...optionalText(failure, "cluster"),
        ...optionalText(failure, "trigger"),
        ...optionalText(failure, "at"),
      }),
    ),
  };
}

function readEvent(event: JsonObject): TestEvent {
  const file = memberText(event, "file");
  const text = memberText(event, "text") ?? writeJson(event.get("event") ?? null);
  const headers = [...(memberObject(event, "headers") ?? new Map<string, Json>())];
  return {
    payload: file === undefined ? { kind: "text", text } : { kind: "file", path: file },
    headers: new Map(headers.map(([name, value]) => [name, [String(value)]])),
    ...optionalText(event, "connection"),
    ...optionalText(event, "subject"),
  };
}

function readClusters(value: Json): Pick<TestCase, "clusters"> {
  if (!isJsonObject(value) || !value.has("clusters")) return {};
  return { clusters: memberList(value, "clusters").filter(isJsonObject) };
}

function optionalText<Key extends string>(value: Json, key: Key): { readonly [K in Key]?: string } {
  const text = memberText(value, key);
  return text === undefined ? {} : ({ [key]: text } as { readonly [K in Key]: string });
}
