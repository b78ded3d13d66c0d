/** What the documents of a simulated world may say: by file its variants, the first one to begin with; undefined: no file. */
import {
  clusterDocument,
  configMap,
  contentDocument,
  eventSourceDocument,
  profileDocument,
  triggerDocument,
} from "../pipeline/service-bench.ts";

/** What comes over any of the streams, and over core NATS. */
const sourceOf = (subjects: readonly string[]) =>
  eventSourceDocument.replace("  - subject: user\n", subjects.map((subject) => `  - subject: ${subject}\n`).join(""));

const subject = "{{ dnsName .CloudEvent.subject }}";
const everybody = '"{{ range .CloudEvents }}{{ .subject }}={{ .data.value }} {{ end }}"';
const value = "{{ .CloudEvent.data.value }}";

/** A ConfigMap in a namespace of its own, which nobody renders. */
const inTeam = (name: string, text: string) => configMap(name, text).replace("namespace: default", "namespace: team");
const namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n";

export const documentVariants: Readonly<Record<string, readonly (string | undefined)[]>> = {
  "config/one.yaml": [clusterDocument("one"), clusterDocument("one", "staging")],
  "config/two.yaml": [clusterDocument("two"), clusterDocument("two", "staging"), undefined],
  "config/three.yaml": [undefined, clusterDocument("three")],
  "config/source.yaml": [
    sourceOf(["events", "more", "core"]),
    sourceOf(["events", "more", "core"]),
    sourceOf(["none"]),
    sourceOf(["more"]),
  ],
  // Each entity has objects of its own.
  "config/own.yaml": [
    triggerDocument("own", "own"),
    triggerDocument("own", "own", "  stopMatchingBehavior: LeavePolicies\n"),
    triggerDocument("own", "own", "  syncMode: OneTime\n"),
    triggerDocument("own", "own", "  syncMode: DryRun\n"),
    "kind: [\n",
    undefined,
  ],
  "config/own-content.yaml": [
    contentDocument("own", configMap(`own-${subject}`, value)),
    contentDocument("own", inTeam(`own-${subject}`, `${value}-{{ .CloudEvent.data.extra }}`)),
    contentDocument("own", configMap(`own-${subject}`, "{{ .CloudEvent.data.nothing }}")),
    contentDocument("own", configMap(`own-${subject}`, "{{ if }}")),
    undefined,
  ],
  // All entities want one object, and one more each. The rest of an event comes through where it conflicts: without
  // that, what else it brought depends on when its pass came.
  "config/shared.yaml": [triggerDocument("shared", "shared", "  continueOnConflict: true\n"), undefined],
  "config/shared-content.yaml": [
    contentDocument("shared", `${configMap("shared", value)}---\n${configMap(`beside-${subject}`, value)}`),
    contentDocument("shared", configMap("shared", "same")),
    contentDocument("shared", configMap("shared", `of-${subject}`)),
  ],
  // Another trigger that wants it too, and the namespace.
  "config/rival.yaml": [
    triggerDocument("rival", "rival", "  tier: 50\n  continueOnConflict: true\n"),
    triggerDocument("rival", "rival", "  tier: 200\n  continueOnConflict: true\n"),
    undefined,
  ],
  "config/rival-content.yaml": [
    contentDocument("rival", `${configMap("shared", `rival-${value}`)}---\n${namespace}`),
    contentDocument("rival", inTeam(`rival-${subject}`, value)),
  ],
  // Waits for no event.
  "config/profile.yaml": [
    profileDocument("base", "based"),
    profileDocument("base", "based", "  stopMatchingBehavior: LeavePolicies\n"),
    profileDocument("base", "based", "  syncMode: OneTime\n"),
    undefined,
  ],
  "config/profile-content.yaml": [
    contentDocument("based", configMap("based", "{{ .Cluster.metadata.labels.env }}")),
    contentDocument("based", `${configMap("based", "1")}---\n${inTeam("beside", "1")}`),
    contentDocument("based", configMap("based", "{{ .Cluster.nothing }}")),
  ],
  // One object over all who are alive.
  "config/together.yaml": [
    triggerDocument("together", "together").replace("oneForEvent: true", "oneForEvent: false"),
    triggerDocument("together", "together", "  stopMatchingBehavior: WithdrawPolicies\n").replace(
      "oneForEvent: true",
      "oneForEvent: false",
    ),
    undefined,
  ],
  "config/together-content.yaml": [
    contentDocument("together", configMap("together", everybody)),
    contentDocument("together", configMap("together-{{ len .CloudEvents }}", everybody)),
  ],
  // Goes where its events say.
  "config/moving.yaml": [
    triggerDocument(
      "moving",
      "moving",
      `  destinationCluster: {namespace: mgmt, name: "{{ .CloudEvent.data.cluster }}"}\n`,
    ),
    triggerDocument(
      "moving",
      "moving",
      `  destinationCluster: {namespace: mgmt, name: "{{ .CloudEvent.data.extra }}"}\n`,
    ),
  ],
  "config/moving-content.yaml": [contentDocument("moving", configMap(`moving-${subject}`, value))],
  // Comes later, and acts on what was before it came.
  "config/late.yaml": [undefined, triggerDocument("late", "late")],
  "config/late-content.yaml": [
    contentDocument("late", configMap(`late-${subject}`, value)),
    contentDocument("late", configMap(`late-${subject}`, `later-${value}`)),
  ],
};
