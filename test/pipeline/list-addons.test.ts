/** Rows of `show addons`: who shares an object, when it was asked for, and what each filter leaves. */
import { expect, it } from "vitest";
import { identityKey, type ObjectIdentity } from "../../src/model/manifest.ts";
import { type Owner, ownerKey, triggerOwner } from "../../src/model/owner.ts";
import type { EntityRecord } from "../../src/model/record.ts";
import { type AddonFilter, listAddons } from "../../src/pipeline/list-addons.ts";

const object = (text: string): ObjectIdentity => {
  const [kind = "", namespace = "", name = ""] = text.split("/");
  return { group: kind === "Deployment" ? "apps" : "", kind, namespace, name };
};
const holdings = (texts: readonly string[]) =>
  new Map(texts.map((text) => [identityKey(object(text)), { identity: object(text), rank: 1 }]));

/** record(owner, when, {cluster: objects}, renderedAt of its clusters) */
function record(owner: Owner, changedAt: string, clusters: Readonly<Record<string, string>>, renderedAt?: string) {
  const none = { waiting: holdings([]), withdrawn: holdings([]), event: undefined, action: "Create" as const };
  const on = (objects: string) => ({
    ...none,
    objects: holdings(objects.split(" ").filter((text) => text !== "")),
    ...(renderedAt === undefined ? {} : { renderedAt }),
  });
  const entity = { connection: "", source: "", subject: "" };
  return {
    owner,
    entity,
    events: [],
    changedAt,
    clusters: new Map(Object.entries(clusters).map(([key, objects]) => [key, on(objects)])),
  } satisfies EntityRecord;
}

const profile: Owner = { kind: "ClusterProfile", namespace: "", name: "base" };
const records = [
  record(triggerOwner("users"), "2026-01-02", {
    "fleet/eu": "Namespace//alice ConfigMap/team/a",
    "other/eu": "Namespace//alice",
  }),
  record(triggerOwner("users"), "2026-01-03", { "fleet/eu": "ConfigMap/team/a", "fleet/us": "" }),
  record(profile, "2026-01-09", { "fleet/eu": "ConfigMap/team/a Deployment/team/web" }, "2026-01-01"),
];

const cases: readonly (readonly [string, AddonFilter, readonly string[]])[] = [
  [
    "all: by cluster, profiles' first, by kind, namespace and name; whoever shares an object is named once, the latest time counts",
    {},
    [
      "fleet/eu :ConfigMap/team/a 2026-01-03 ClusterProfile/base,EventTrigger/users",
      "fleet/eu apps:Deployment/team/web 2026-01-01 ClusterProfile/base",
      "fleet/eu :Namespace//alice 2026-01-02 EventTrigger/users",
      "other/eu :Namespace//alice 2026-01-02 EventTrigger/users",
    ],
  ],
  ["a cluster by its key", { cluster: "other/eu" }, ["other/eu :Namespace//alice 2026-01-02 EventTrigger/users"]],
  [
    "a cluster by its name, of any namespace, and objects in a namespace",
    { cluster: "eu", objectNamespace: "" },
    ["fleet/eu", "other/eu"].map((cluster) => `${cluster} :Namespace//alice 2026-01-02 EventTrigger/users`),
  ],
  ["clusters of a namespace", { namespace: "other" }, ["other/eu :Namespace//alice 2026-01-02 EventTrigger/users"]],
  [
    "one owner",
    { isOwner: (owner) => ownerKey(owner) === "ClusterProfile/base" },
    [
      "fleet/eu :ConfigMap/team/a 2026-01-01 ClusterProfile/base",
      "fleet/eu apps:Deployment/team/web 2026-01-01 ClusterProfile/base",
    ],
  ],
];

it.each(cases)("%s", async (_, filter, expected) => {
  const rows = await listAddons(records, filter);
  expect(
    rows.map(({ cluster, identity: { group, kind, namespace, name }, time, owners }) =>
      [cluster, `${group}:${kind}/${namespace}/${name}`, time, [...owners.keys()].sort().join(",")].join(" "),
    ),
  ).toEqual(expected);
});
