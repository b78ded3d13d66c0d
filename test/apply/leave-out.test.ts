/** Fields that are left out of what is applied: by their place in mappings, and in lists whose items have keys. */
import { expect, it } from "vitest";
import type { DesiredObject } from "../../src/apply/desired-object.ts";
import { leaveOutExclusions } from "../../src/apply/leave-out.ts";
import { type JsonObject, writeJson } from "../../src/model/json.ts";
import type { LiveMetadata } from "../../src/ports/cluster.ts";
import { json } from "../contract/cluster-contract.ts";

const pod = {
  containers: [
    { name: "main", image: "one" },
    { name: "side", image: "two" },
  ],
  args: ["a", "b"],
};

/** The object of which these fields are ours, as the server writes them. */
function applied(fields: object): { readonly desired: DesiredObject; readonly live: LiveMetadata } {
  const object = json({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: pod }) as JsonObject;
  const identity = { group: "", kind: "Pod", namespace: "default", name: "p" };
  const nothing = new Map<string, string>();
  const texts = { version: "v1", labels: nothing, annotations: nothing, owner: "", file: { path: "p.yaml", id: "0" } };
  const manager = { name: "sluice", operation: "Apply", subresource: "", time: "" } as const;
  const managers = [{ ...manager, fields: JSON.stringify({ "f:spec": fields }) }];
  const ids = { namespace: "default", name: "p", uid: "u", resourceVersion: "1", isTerminating: false };
  return { desired: { identity, object, ...texts }, live: { ...ids, labels: nothing, annotations: nothing, managers } };
}

const key = (name: string) => `k:{"name":"${name}"}`;
const all = { "f:containers": { [key("main")]: { "f:image": {} }, [key("side")]: { "f:image": {} } }, "f:args": {} };
const withoutMainImage = { "f:containers": { [key("main")]: {}, [key("side")]: { "f:image": {} } } };

it.each([
  ["a field of an item that is ours", all, "/spec/containers/0/image", pod],
  [
    "a field of an item that somebody took",
    withoutMainImage,
    "/spec/containers/0/image",
    { ...pod, containers: [{ name: "main" }, pod.containers[1]] },
  ],
  ["the same field of another item, which is ours", withoutMainImage, "/spec/containers/1/image", pod],
  ["an item that there is not", withoutMainImage, "/spec/containers/7/image", pod],
  ["a whole item: lists have no holes", withoutMainImage, "/spec/containers/0", pod],
  ["a whole list that somebody took", withoutMainImage, "/spec/args", { containers: pod.containers }],
  ["a path that leads nowhere", withoutMainImage, "/spec/what/ever", pod],
])("%s", (_name, fields, path, spec) => {
  const { desired, live } = applied(fields);
  const left = leaveOutExclusions(desired, live, "sluice", [{ paths: [path], target: {} }]);
  expect(JSON.parse(writeJson(left)).spec).toEqual(spec);
});
