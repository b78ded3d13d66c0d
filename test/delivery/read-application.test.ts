/** What an Application on the hub says of whether a step of a hand-over has arrived there. */
import { expect, it } from "vitest";
import { readApplication } from "../../src/delivery/argocd/read-application.ts";
import { type JsonObject, jsonOf, type PlainJson } from "../../src/model/json.ts";

const source = { repoURL: "u", path: "rendered/fleet/eu-1/base", targetRevision: "main" };
const status = { sync: { status: "Synced", revision: "abc", comparedTo: { source } } };
const released = { syncPolicy: { automated: { prune: false } } };
const read = (more: Readonly<Record<string, PlainJson>>) =>
  readApplication(
    jsonOf({
      metadata: { name: "a", namespace: "argocd" },
      spec: { source, ...released },
      status,
      ...more,
    }) as JsonObject,
  );

it("has let go as soon as nothing that began or was asked for before deletes any more", () => {
  const prunes = { sync: { revision: "abc", prune: true } };
  expect(read({})).toMatchObject({ isReleased: true, isObserved: true, isReady: true, commit: "abc" });
  for (const more of [{ operation: prunes }, { status: { ...status, operationState: { phase: "Running" } } }]) {
    expect(read(more)).toMatchObject({ isObserved: false, isReady: false });
  }
});
