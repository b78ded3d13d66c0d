/** The marks of what LeavePolicies left. */
import { expect, it } from "vitest";
import { markLeft } from "../../src/plan/left-mark.ts";

const marks = `    argocd.argoproj.io/sync-options: Prune=false,Delete=false
    kustomize.toolkit.fluxcd.io/prune: disabled
    sluice.dev/left: "true"
`;

/** A manifest with these lines below `annotations:`. */
function manifest(annotations: string, owner = "    sluice.dev/owner: login\n"): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  namespace: default
  annotations:
${annotations}  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
${owner}data:
  note: |
    metadata:
      annotations:
        sluice.dev/entity: not this one
`;
}

const entity = "    sluice.dev/entity: abcdef\n";
const cases = [
  { name: "nothing but ours", before: entity, after: marks },
  {
    name: "annotations of a person stay, in the order of keys",
    before: `    a.example.com/x: first\n${entity}    z.example.com/x: last\n`,
    after: `    a.example.com/x: first\n${marks}    z.example.com/x: last\n`,
  },
  {
    name: "options that Argo CD was given stay, those that say otherwise go",
    before: `    argocd.argoproj.io/sync-options: Replace=true,Prune=confirm\n${entity}`,
    after: marks.replace("Prune=false", "Replace=true,Prune=false"),
  },
  {
    name: "options that stand in quotes",
    before: `    argocd.argoproj.io/sync-options: "Replace=true, Delete=confirm"\n${entity}`,
    after: marks.replace("Prune=false", "Replace=true,Prune=false"),
  },
  {
    name: "what is no option",
    before: `    argocd.argoproj.io/sync-options: |-\n      one\n      two\n${entity}`,
    after: marks,
  },
  {
    name: "Flux was told to prune",
    before: `    kustomize.toolkit.fluxcd.io/prune: "enabled"\n${entity}`,
    after: marks,
  },
] as const;

it.each(cases)("are put in, and owner and entity taken out: $name", ({ before, after }) => {
  const marked = markLeft(manifest(before));
  expect(marked).toBe(manifest(after, ""));
  expect(markLeft(marked)).toBe(marked);
});
