import { expect, it } from "vitest";
import { shownOwner, titleOfOwner } from "../../../src/model/owner.ts";
import { readPath } from "../../../src/pipeline/dry-run/object-path.ts";
import { objectPath } from "../../../src/plan/paths.ts";

const namespace = { group: "", kind: "Namespace", namespace: "", name: "web" };
const layout = { shards: 0, buckets: 1 };

it.each([
  { kind: "EventTrigger", namespace: "", name: "base", title: "EventTrigger base" },
  { kind: "ClusterProfile", namespace: "", name: "base", title: "ClusterProfile/base" },
  { kind: "Profile", namespace: "fleet", name: "base", title: "Profile/fleet/base" },
] as const)("a path says whose object it is: $title", ({ title, ...owner }) => {
  const { trigger } = readPath(objectPath("fleet/eu-1", owner, namespace, layout));
  expect(trigger).toBe(shownOwner(owner));
  expect(titleOfOwner(trigger)).toBe(title);
});
