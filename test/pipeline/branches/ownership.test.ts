/** Whose a file is. */
import { expect, it } from "vitest";
import { instanceOf } from "../../../src/pipeline/branches/ownership.ts";

const manifest = (labels: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    a: b\n  labels:\n${labels}  name: x\ndata:\n  a: b\n`;
const managed = "    app.kubernetes.io/managed-by: sluice\n";

it.each([
  { name: "labelled", text: manifest(managed), of: "sluice" },
  { name: "quoted", text: manifest('    "app.kubernetes.io/managed-by": "sluice"\n'), of: "sluice" },
  { name: "ours", text: manifest(`${managed}    sluice.dev/instance: east\n`), of: "east" },
  { name: "quoted and another's", text: manifest(`${managed}    sluice.dev/instance: "east"\n`), of: "east" },
  { name: "of another tool", text: manifest("    app.kubernetes.io/managed-by: Helm\n"), of: undefined },
  {
    name: "labelled in a text",
    text: manifest("    a: b\n").replace("a: b\n", `t: |\n  metadata:\n    labels:\n  ${managed}`),
    of: undefined,
  },
  { name: "labelled in its data", text: `${manifest("    a: b\n")}  labels: |\n${managed}`, of: undefined },
  {
    name: "labelled in an annotation",
    text: manifest("    a: b\n").replace("    a: b\n", `    a: |\n      labels:\n    ${managed}`),
    of: undefined,
  },
  { name: "labelled in a template", text: `spec:\n  metadata:\n    labels:\n    ${managed}`, of: undefined },
  { name: "no manifest", text: "hello\n", of: undefined },
])("a file that is $name: $of", ({ text, of }) => {
  expect(instanceOf(text)).toBe(of);
});
