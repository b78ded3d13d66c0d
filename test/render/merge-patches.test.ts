/** Patches that are merged strategically, and patches that documents hold. */
import { describe, expect, it } from "vitest";
import { type JsonObject, parseJson, writeJson } from "../../src/model/json.ts";
import { definitionOf, MergeError, mergeStrategically } from "../../src/render/patches/merge-strategically.ts";
import { renderOne, withoutProvenance } from "./render-one.ts";

describe("merges", () => {
  const pod = (spec: string) => `{"apiVersion":"v1","kind":"Pod","spec":${spec}}`;
  const cases: [name: string, object: string, patch: string, expected: string | undefined][] = [
    ["members", '{"a":{"b":1,"c":2}}', '{"a":{"c":3,"d":4}}', '{"a":{"b":1,"c":3,"d":4}}'],
    ["null takes a member away", '{"a":1,"b":{"c":1}}', '{"a":null,"b":{"c":null}}', '{"b":{}}'],
    ["null of what is new is nothing", "{}", '{"a":{"b":null,"c":1}}', '{"a":{"c":1}}'],
    ["a null that is there stays", '{"a":null,"b":1}', '{"b":2}', '{"a":null,"b":2}'],
    ["another type", '{"a":{"b":1}}', '{"a":[1]}', undefined],
    [
      "a list of no kind that is known is replaced",
      '{"l":[{"name":"a"}]}',
      '{"l":[{"name":"b"}]}',
      '{"l":[{"name":"b"}]}',
    ],
    ["$patch: delete", '{"a":{"b":1},"c":1}', '{"a":{"$patch":"delete"}}', '{"c":1}'],
    ["$patch: replace", '{"a":{"b":1}}', '{"a":{"$patch":"replace","c":2}}', '{"a":{"c":2}}'],
    ["$patch: what is none", '{"a":{"b":1}}', '{"a":{"$patch":"remove"}}', undefined],
    [
      "containers by name, what the patch has first",
      pod('{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}'),
      '{"spec":{"containers":[{"name":"c"},{"name":"b","args":["z"]}]}}',
      pod('{"containers":[{"name":"c"},{"name":"b","image":"y","args":["z"]},{"name":"a","image":"x"}]}'),
    ],
    [
      "an item that goes",
      pod('{"containers":[{"name":"a"},{"name":"b"}]}'),
      '{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}',
      pod('{"containers":[{"name":"b"}]}'),
    ],
    [
      "a list that is replaced whole",
      pod('{"containers":[{"name":"a"},{"name":"b"}]}'),
      '{"spec":{"containers":[{"$patch":"replace"},{"name":"c"}]}}',
      pod('{"containers":[{"name":"c"}]}'),
    ],
    [
      "an item without its key",
      pod('{"containers":[{"name":"a"}]}'),
      '{"spec":{"containers":[{"image":"x"}]}}',
      undefined,
    ],
    [
      "a list of texts is joined where its kind says so",
      '{"apiVersion":"v1","kind":"Pod","metadata":{"finalizers":["x/a","x/b"]}}',
      '{"metadata":{"finalizers":["x/c","x/b"]}}',
      '{"apiVersion":"v1","kind":"Pod","metadata":{"finalizers":["x/c","x/b","x/a"]}}',
    ],
  ];
  it.each(cases)("%s", (_, object, patch, expected) => {
    const [into, from] = [object, patch].map((text) => parseJson(text) as JsonObject);
    const before = writeJson(into!);
    const merge = () => mergeStrategically(into!, from!, definitionOf("v1", String(into!.get("kind"))));
    if (expected === undefined) expect(merge).toThrow(MergeError);
    else expect(JSON.parse(writeJson(merge()!))).toEqual(JSON.parse(expected));
    expect(writeJson(into!), "what is merged into stays as it was").toBe(before);
  });

  it("an object may be deleted", () => {
    const [object, patch] = ['{"a":1}', '{"$patch":"delete"}'].map((text) => parseJson(text) as JsonObject);
    expect(mergeStrategically(object!, patch!, undefined)).toBeUndefined();
  });
});

const deployment = `apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: fleet, annotations: {projectsveltos.io/template: ok}}
data:
  a.yaml: |
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: team}
    spec: {containers: [{name: web, image: nginx}]}
`;
const policy = "policyRefs: [{kind: ConfigMap, name: web, namespace: fleet}]";
/** `more`: documents besides. */
const render = (lines: string, more = "") => renderOne(`${policy}\n${lines}`, `${deployment}${more}`);
const patch = (text: string, target = "") => `patches:\n- patch: |\n${text.replace(/^(?=.)/gm, "    ")}\n${target}`;

describe("an object that is merged", () => {
  it("is for what its target means, whatever its own name", () => {
    const { manifests } = render(
      patch(
        "kind: Pod\nmetadata: {name: any}\nspec: {containers: [{name: web, tty: true}]}",
        "  target: {kind: Pod}\n",
      ),
    );
    expect(manifests?.map(withoutProvenance)).toEqual([
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: team\nspec:\n  containers:\n  - image: nginx\n    name: web\n    tty: true\n",
    ]);
  });

  it.each([
    ["itself", "team", true],
    ["another", "other", false],
  ])("without a target is for %s", (_, namespace, isMeant) => {
    const { manifests } = render(
      patch(`apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: ${namespace}}\nspec: {hostname: there}`),
    );
    expect(manifests?.join("").includes("hostname: there")).toBe(isMeant);
  });

  it("may say of an event what is a value, and no more", () => {
    const of = (spec: string) =>
      render(patch(`kind: Pod\nmetadata: {name: any}\nspec: ${spec}`, "  target: {kind: Pod}\n")).rendering;
    expect(of("{hostname: '{{ .CloudEvent.data.team }}'}")).toMatchObject({ action: "Create" });
    for (const spec of [
      "{'{{ .CloudEvent.data.team }}': a}",
      "{containers: [{name: '{{ .CloudEvent.data.team }}', tty: true}]}",
      "{containers: [{name: web, $patch: '{{ .CloudEvent.data.team }}'}]}",
    ]) {
      expect(of(spec), spec).toMatchObject({ action: "fail", problem: { code: "GUARD_VIOLATION" } });
    }
  });

  it("that deletes the object leaves nothing of it", () => {
    expect(
      render(patch("kind: Pod\nmetadata: {name: any}\n$patch: delete", "  target: {kind: Pod}\n")).manifests,
    ).toEqual([]);
  });

  it.each([
    ["no name", "kind: Pod\nspec: {hostname: a}"],
    ["neither list nor object", "text"],
  ])("%s: the record fails", (_, text) => {
    expect(render(patch(text, "  target: {kind: Pod}\n")).rendering).toMatchObject({
      action: "fail",
      problem: { code: "MANIFEST_INVALID" },
    });
  });
});

describe("patchesFrom", () => {
  const held = (entry: string, annotations = "{}") => `---
apiVersion: v1
kind: ConfigMap
metadata: {name: held, namespace: fleet, annotations: ${annotations}}
data:
  one: |
${entry.replace(/^(?=.)/gm, "    ")}
`;
  const from = "patchesFrom: [{kind: ConfigMap, name: held, namespace: fleet}]";
  const operations = "patch: |\n  - {op: add, path: /spec/hostname, value: there}\ntarget: {kind: Pod}\n";
  const merged = "patch: |\n  kind: Pod\n  metadata: {name: any}\n  spec: {hostname: there}\ntarget: {kind: Pod}\n";

  it.each([
    ["operations", operations],
    ["an object", merged],
  ])("%s", (_, entry) => {
    expect(render(from, held(entry)).manifests?.join("")).toContain("hostname: there");
  });

  it("what is not there is told at validate, unless it is optional", () => {
    expect(render(from).told.join()).toContain("REFERENCE_MISSING");
    expect(render(from.replace("fleet}", "fleet, optional: true}")).told.join()).not.toContain("REFERENCE_MISSING");
  });

  it.each([
    ["an event that is printed", operations.replace("there", "{{ .CloudEvent.data.team }}"), "GUARD_VIOLATION"],
    ["no patch", "target: {kind: Pod}\n", "MANIFEST_INVALID"],
    ["no mapping", "- a\n", "MANIFEST_INVALID"],
    ["a target that is none", operations.replace("kind: Pod", "name: '('"), "MANIFEST_INVALID"],
  ])("%s: the record fails", (_, entry, code) => {
    const { rendering } = render(from, held(entry, "{projectsveltos.io/template: ok}"));
    expect(rendering).toMatchObject({ action: "fail", problem: { code } });
  });
});
