import { describe, expect, it } from "vitest";
import { objectFunctions } from "../../../src/go-template/functions/objects.ts";
import { type FunctionContext, GoFunctionError } from "../../../src/go-template/functions/registry.ts";
import { GoMap, type GoValue, goInt, MarkedText, stringList } from "../../../src/go-template/value.ts";
import type { Json } from "../../../src/model/json.ts";
import { readValue, showValue, unlimited } from "../serialize/notation.ts";

function call(name: string, ...args: (GoValue | null)[]): GoValue {
  const result = objectFunctions[name]!.call(unlimited as FunctionContext, ...(args as never[]));
  return result instanceof MarkedText ? result.text : result;
}

/** An object of maps from plain JavaScript; whole numbers are int64. */
function object(value: object): Map<string, GoValue> {
  const toMap = (entry: unknown): GoValue => {
    if (Array.isArray(entry)) return entry.map(toMap);
    if (entry instanceof GoMap || typeof entry !== "object" || entry === null) {
      return typeof entry === "number" && Number.isInteger(entry) ? BigInt(entry) : readValue(entry as Json);
    }
    return new Map(Object.entries(entry).map(([key, member]) => [key, toMap(member)]));
  };
  return toMap(value) as Map<string, GoValue>;
}

const deployment = () =>
  object({
    kind: "Deployment",
    metadata: { name: "web", uid: "u1", resourceVersion: "9", managedFields: [{ manager: "kubectl" }] },
    spec: { replicas: 3, selector: null, containers: [{ name: "web" }] },
  });

describe("what belongs to the cluster goes", () => {
  it.each(["getResource", "copy"])("%s", (name) => {
    const resource = deployment();
    call(name, resource);
    expect(showValue(resource.get("metadata"))).toBe('{"name":"web"}');
  });

  it("chainRemoveField and getField leave it", () => {
    const resource = deployment();
    call("chainRemoveField", resource, "spec");
    expect(showValue(call("getField", resource, "metadata.uid"))).toBe('"u1"');
  });
});

it("copy indents by four, aligns items behind their dash and does not fold", () => {
  const text = call("copy", object({ a: { l: [{ x: 1, y: [true] }], s: "word ".repeat(30) } }));
  expect(text).toBe(`a:\n    l:\n        - x: 1\n          "y":\n            - true\n    s: '${"word ".repeat(30)}'`);
});

describe("getField", () => {
  it.each([
    ["spec.replicas", "i3"],
    ["spec.selector", "nil"],
    ["spec.selector.app", '""'],
    ["spec.nope.deeper", '""'],
    ["spec.containers.0", '""'],
    ["kind.x", '""'],
    ["spec..replicas", '""'],
    ["", '""'],
  ])("%j is %s", (path, wanted) => {
    expect(showValue(call("getField", deployment(), path))).toBe(wanted);
  });

  it("gives a copy", () => {
    const resource = deployment();
    (call("getField", resource, "spec") as Map<string, GoValue>).set("replicas", 5n);
    expect(showValue(call("getField", resource, "spec.replicas"))).toBe("i3");
  });
});

describe("setField and chainSetField", () => {
  it("make the maps on the way and change the object itself", () => {
    const resource = object({ x: 1 });
    expect(call("chainSetField", resource, "a.b.c", 2n)).toBe(resource);
    expect(call("setField", resource, "a.b.d", "s")).toBe("a:\n    b:\n        c: 2\n        d: s\nx: 1");
  });

  it("give nothing where something on the way is no map, and change nothing", () => {
    const resource = object({ x: 1, n: null });
    for (const path of ["x.y", "n.y", "x.y.z"]) {
      expect(call("setField", resource, path, "v")).toBe("");
      expect(showValue(call("chainSetField", resource, path, "v"))).toBe("nilmap");
    }
    expect(showValue(resource)).toBe('{"n":nil "x":i1}');
  });

  it("copy the value: changing it later does not reach the object", () => {
    const value = object({ k: "before" });
    const resource = object({});
    call("chainSetField", resource, "a", value);
    value.set("k", "after");
    expect(showValue(resource)).toBe('{"a":{"k":"before"}}');
  });

  it.each([
    ["int", goInt(5)],
    ["[]string", stringList(["a"])],
    ["int", [goInt(1)]],
    ["int", new Map([["k", goInt(1)]])],
  ])("cannot copy an %s", (type, value) => {
    expect(() => call("setField", object({}), "a", value)).toThrow(new GoFunctionError(`cannot deep copy ${type}`));
  });

  it("fail on a nil map", () => {
    expect(() => call("setField", null, "a", "b")).toThrow(new GoFunctionError("assignment to entry in nil map"));
  });
});

describe("removeField and chainRemoveField", () => {
  it.each([
    ["spec.containers", '{"replicas":i3 "selector":nil}'],
    ["spec.nope.x", '{"containers":[{"name":"web"}] "replicas":i3 "selector":nil}'],
    ["kind.x", '{"containers":[{"name":"web"}] "replicas":i3 "selector":nil}'],
  ])("%j", (path, wanted) => {
    const resource = deployment();
    expect(call("chainRemoveField", resource, path)).toBe(resource);
    expect(showValue(resource.get("spec"))).toBe(wanted);
  });

  it("take a nil map as it is", () => {
    expect(call("removeField", null, "a")).toBe("{}");
    expect(showValue(call("chainRemoveField", null, "a"))).toBe("nilmap");
    expect(showValue(call("getResource", null))).toBe("nilmap");
  });
});

it("what was printed stays what it was when the object changes again", () => {
  const resource = object({ a: 1 });
  const printed = objectFunctions.copy!.call(unlimited as FunctionContext, resource as never) as MarkedText;
  call("chainSetField", resource, "a", 2n);
  expect(showValue(printed.value)).toBe('{"a":i1}');
});
