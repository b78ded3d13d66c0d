import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type CatalogOptions, loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog, ConfigFile } from "../../src/model/catalog.ts";
import { readKeptDocument, writeKeptDocument } from "../../src/plan/kept-document.ts";

const digestText = (text: string) => createHmac("sha256", "key").update(text).digest("hex");
const outside: CatalogOptions = { compatibility: "strict", isCommitted: false, digestText };

const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: t}
spec:
  eventSourceName: s
  sourceClusterSelector: {matchLabels: {env: prod}}
  policyRefs: [{kind: Secret, name: manifests, namespace: fleet}]
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: s}
spec: {messagingMatchCriteria: [{subject: s}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: prod}}
---
`;
const secret = (password: string) => `apiVersion: v1
kind: Secret
metadata:
  name: manifests
  namespace: fleet
  labels: {team: red}
  annotations: {note: annotated-with-hunter1}
stringData:
  # a comment
  a.yaml: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {password: ${password}}}'
`;

function load(text: string, options: CatalogOptions = outside, file: Partial<ConfigFile> = {}): Catalog {
  return loadCatalog([{ path: "a.yaml", text, ...file }], options).value;
}

/** What the state keeps, and the catalog that comes of it without what is on the machine. */
function keep(catalog: Catalog): { readonly texts: readonly string[]; readonly files: readonly ConfigFile[] } {
  const texts = [...catalog.documents.values()].map((document) => writeKeptDocument(document));
  return { texts, files: texts.map((text, index) => readKeptDocument(`config/${index}.yaml`, text)) };
}

describe("a Secret from outside the repository", () => {
  it("is kept by name, labels and digest, and nothing of it in clear", () => {
    const { texts } = keep(load(trigger + secret("hunter2")));

    const kept = texts.find((text) => text.includes("\nkind: Secret"))!;
    expect(kept).toMatch(/^# sluice\.dev\/file: "a\.yaml"\n# sluice\.dev\/hmac: [0-9a-f]{64}\napiVersion: v1\n/);
    expect(kept).toContain("team: red");
    expect(texts.join("")).not.toMatch(/hunter|a comment|stringData/);
  });

  it("is another document when it says something else, and the same when only its layout changed", () => {
    const [one, same, other] = [
      secret("hunter2"),
      secret("hunter2").replace("  # a comment\n", ""),
      secret("hunter3"),
    ].map((text) => load(trigger + text));

    expect(same!.revision).toBe(one!.revision);
    expect(other!.revision).not.toBe(one!.revision);
    // A hash without a key would let anybody try passwords.
    const under = load(trigger + secret("hunter2"), { ...outside, digestText: (text) => digestText(`x${text}`) });
    expect(under.revision).not.toBe(one!.revision);
  });

  it("has its owners wait where its text is not on this machine, as they stand", () => {
    const before = load(trigger + secret("hunter2"));
    const { value, problems } = loadCatalog(keep(before).files, outside);

    expect(problems).toMatchObject([{ code: "SECRET_UNREADABLE" }]);
    expect(value.eventTriggers.get("t")).toMatchObject({ broken: { code: "SECRET_UNREADABLE" } });
    expect(value.eventTriggers.get("t")!.withdrawn).toBeUndefined();
    expect([...value.documents.keys()]).toEqual([...before.documents.keys()]);
    // It is the same document: when it can be read again, nothing is to be rendered but what failed meanwhile.
    expect(value.documents.get("Secret/fleet/manifests")!.text).toBe(
      before.documents.get("Secret/fleet/manifests")!.text,
    );
  });

  it("is whole again, under the same revision, where the machine has its text", () => {
    const before = load(trigger + secret("hunter2"));
    const files = keep(before).files.map(({ withheld, ...file }) =>
      withheld === undefined ? file : { ...file, text: before.documents.get("Secret/fleet/manifests")!.hidden!.text! },
    );
    const { value, problems } = loadCatalog(files, outside);

    expect(problems).toEqual([]);
    expect(value.revision).toBe(before.revision);
    expect(value.contents.get("Secret/fleet/manifests")!.entries[0]!.content.source.text).toContain("hunter2");
  });
});

it("what the repository has in clear is kept as it is, unless it was encrypted there", () => {
  const committed = { ...outside, isCommitted: true };
  const config = secret("hunter2").replace("kind: Secret", "kind: ConfigMap").replace("stringData", "data");

  expect(keep(load(trigger + secret("hunter2"), committed)).texts.join("")).toContain("hunter2");
  for (const text of [secret("hunter2"), config]) {
    expect(keep(load(trigger + text, committed, { isHidden: true })).texts.join("")).not.toContain("hunter2");
  }
});
