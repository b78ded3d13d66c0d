/** Whether what a hub has of a chart would delete anything if it went now: what never took its objects over leaves them. */
import { expect, it } from "vitest";
import { readApplication } from "../../src/delivery/argocd/read-application.ts";
import { readKustomization } from "../../src/delivery/flux/read-kustomization.ts";
import { readRelease } from "../../src/delivery/flux/read-release.ts";
import { type JsonObject, jsonOf, type PlainJson } from "../../src/model/json.ts";

const source = { repoURL: "u", chart: "a", targetRevision: "1.0.0" };
const comparedTo = { source };
const failing = { conditions: [{ type: "Ready", status: "False", observedGeneration: 1 }], observedGeneration: 1 };
const ready = { conditions: [{ type: "Ready", status: "True", observedGeneration: 1 }], observedGeneration: 1 };
const synced = { sync: { status: "Synced", comparedTo } };
const outOfSync = { sync: { status: "OutOfSync", comparedTo } };
const of = (phase: string) => ({ operationState: { phase } });

const cases: readonly [string, (object: JsonObject) => { readonly holds: boolean }, PlainJson, boolean][] = [
  ["a HelmRelease nobody has looked at", readRelease, {}, false],
  ["a HelmRelease whose objects are another's", readRelease, { ...failing, history: [] }, false],
  ["a HelmRelease that has a release", readRelease, { ...ready, history: [{ name: "a", version: 1 }] }, true],
  ["a HelmRelease whose last upgrade failed", readRelease, { ...failing, history: [{ name: "a", version: 1 }] }, true],
  ["an Application nobody has looked at", readApplication, {}, false],
  ["an Application that is still to be synced", readApplication, outOfSync, false],
  ["an Application whose sync failed", readApplication, { ...outOfSync, ...of("Failed") }, false],
  ["an Application that is synced", readApplication, synced, true],
  ["an Application that was synced and has drifted", readApplication, { ...outOfSync, ...of("Succeeded") }, true],
  ["an Application that is just being synced", readApplication, { ...synced, ...of("Running") }, false],
  ["a Kustomization nobody has looked at", readKustomization, {}, false],
  ["a Kustomization that could apply nothing", readKustomization, failing, false],
  ["a Kustomization that is ready", readKustomization, ready, true],
  [
    "a Kustomization that is not well, but has applied",
    readKustomization,
    { ...failing, inventory: { entries: [{ id: "a_b__Secret", v: "v1" }] } },
    true,
  ],
];

it.each(cases)("%s", (_, read, status, holds) => {
  const object = jsonOf({ metadata: { name: "a", namespace: "b", generation: 1 }, spec: { source }, status });
  expect(read(object as JsonObject).holds).toBe(holds);
});
