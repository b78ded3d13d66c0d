import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileInputs, readHubFile, unitsOfFile, writeHubFile } from "../../src/plan/hub-file.ts";
import { clusterHubFile, deliveryPath, encodePathPart, generatorPath, hubPartOf } from "../../src/plan/paths.ts";
import { emptyState, planAll, rulesOf } from "./state.ts";

const text = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${JSON.stringify(name)}\n`;

describe("a hub's file of a cluster", () => {
  it("comes back as it was written, whatever units are called and say, and in one order", () => {
    const names = fc.string({ minLength: 1, unit: "binary" }).map(encodePathPart);
    // As canonical YAML has it: whatever is in a block is indented.
    const texts = fc.array(fc.string({ unit: "binary" })).map((lines) => text(lines.join("---\n# base\n")));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, texts), { minLength: 1, selector: ([name]) => name }), (units) => {
        const written = writeHubFile(new Map(units))!;
        expect(new Map(readHubFile(written))).toEqual(new Map(units));
        expect(writeHubFile(new Map([...units].reverse()))).toBe(written);
      }),
    );
  });

  it("is the place of every unit of the cluster, and of nothing else", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (name, unit) => {
        const cluster = `fleet/${name}`;
        const path = deliveryPath(cluster, unit);
        expect(hubPartOf(path)).toEqual({ file: clusterHubFile(cluster), unit: encodePathPart(unit) });
        const file = writeHubFile(new Map([[encodePathPart(unit), text("a")]]))!;
        expect([...unitsOfFile(clusterHubFile(cluster), file)]).toEqual([[path, text("a")]]);
      }),
    );
    const others = [
      "delivery/hub/sluice-delivery.yaml",
      generatorPath("fleet", 1, 4),
      "delivery/charts/fleet/eu/a/b.yaml",
    ];
    for (const path of others) {
      expect(hubPartOf(path), path).toBeUndefined();
      expect([...unitsOfFile(path, "x")]).toEqual([[path, "x"]]);
    }
  });

  it("keeps the units that an input says nothing of, and goes with the last one", () => {
    const path = clusterHubFile("fleet/eu");
    const [base, triggers, profile] = ["base", "triggers", "clusterprofile.p"].map((unit) =>
      deliveryPath("fleet/eu", unit),
    );
    const first = fileInputs([
      [base!, text("1")],
      [triggers!, text("1")],
      [profile!, text("1")],
    ]);
    const second = fileInputs([
      [base!, text("2")],
      [profile!, undefined],
    ]);
    expect(first).toHaveLength(1);
    const after = planAll(emptyState, [[...first], [...second]], rulesOf([]));
    expect(new Map(unitsOfFile(path, after.get(path)!))).toEqual(
      new Map([
        [base, text("2")],
        [triggers, text("1")],
      ]),
    );
    const last = [base, triggers].map((unit) => [unit!, undefined] as const);
    expect(planAll(after, [[...fileInputs(last)]], rulesOf([])).has(path)).toBe(false);
  });
});
