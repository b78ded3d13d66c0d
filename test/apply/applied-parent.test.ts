/** What is written to the parent: one after the other. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { AppliedParent } from "../../src/apply/applied-parent.ts";
import { writeJson } from "../../src/model/json.ts";
import type { ClusterWriter } from "../../src/ports/cluster.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";

it("a write that names fewer kinds never comes after one that names more", async () => {
  const cluster = new FakeCluster();
  const written: string[] = [];
  let answer = () => {};
  const apply: ClusterWriter["apply"] = async (ref, object, manager) => {
    const { metadata } = JSON.parse(writeJson(object)) as { metadata: { annotations: Record<string, string> } };
    written.push(metadata.annotations["applyset.kubernetes.io/contains-group-kinds"]!);
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return cluster.apply(ref, object, manager);
  };
  const writer = { apply } as Partial<ClusterWriter> as ClusterWriter;
  const options = { cluster: "fleet/eu-1", name: "sluice-0123456789ab", setId: "set", manager: "sluice" };
  const parent = new AppliedParent(writer, options);
  const [secrets, jobs] = [await cluster.findKind("", "Secret"), await cluster.findKind("batch", "Job")];
  const first = parent.nameKind(secrets!);
  await turn();
  const second = parent.nameKind(jobs!);
  await turn();
  expect(written).toEqual(["Secret"]);
  answer();
  await first;
  await turn();
  expect(written).toEqual(["Secret", "Job.batch,Secret"]);
  answer();
  await second;
});
