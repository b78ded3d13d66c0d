/** How objects are doing, by what they say: cases after kstatus' own (pkg/kstatus/status). */
import { expect, it } from "vitest";
import { readStatus } from "../../src/apply/object-status.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { json } from "../contract/cluster-contract.ts";

const condition = (type: string, status: string, reason = "", message = "") => ({ type, status, reason, message });
const available = {
  conditions: [condition("Available", "True"), condition("Progressing", "True", "NewReplicaSetAvailable")],
};
const full = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const revisions = { currentRevision: "a", updateRevision: "a", currentReplicas: 3 };

const cases: readonly (readonly [name: string, apiVersion: string, kind: string, parts: object, health: string])[] = [
  [
    "a Deployment that is all there",
    "apps/v1",
    "Deployment",
    { spec: { replicas: 3 }, status: { ...full, ...available } },
    "current",
  ],
  [
    "one whose latest version nobody has seen",
    "apps/v1",
    "Deployment",
    { spec: { replicas: 3 }, status: { ...full, ...available, observedGeneration: 1 } },
    "in-progress",
  ],
  [
    "one with replicas that are not ready",
    "apps/v1",
    "Deployment",
    { spec: { replicas: 3 }, status: { ...full, ...available, readyReplicas: 2 } },
    "in-progress",
  ],
  [
    "one with old replicas left",
    "apps/v1",
    "Deployment",
    { spec: { replicas: 2 }, status: { ...full, ...available } },
    "in-progress",
  ],
  ["one that has no status yet", "apps/v1", "Deployment", { spec: { replicas: 1 } }, "in-progress"],
  [
    "one that took too long",
    "apps/v1",
    "Deployment",
    { spec: {}, status: { conditions: [condition("Progressing", "False", "ProgressDeadlineExceeded")] } },
    "failed",
  ],
  [
    "a Deployment of none",
    "apps/v1",
    "Deployment",
    { spec: { replicas: 0 }, status: { observedGeneration: 2, ...available } },
    "current",
  ],
  [
    "a StatefulSet that is all there",
    "apps/v1",
    "StatefulSet",
    { spec: { replicas: 3 }, status: { ...full, ...revisions } },
    "current",
  ],
  [
    "one between two revisions",
    "apps/v1",
    "StatefulSet",
    { spec: { replicas: 3 }, status: { ...full, ...revisions, updateRevision: "b" } },
    "in-progress",
  ],
  [
    "one that is updated in part, as it asks",
    "apps/v1",
    "StatefulSet",
    {
      spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      status: { ...full, updatedReplicas: 1 },
    },
    "current",
  ],
  [
    "a DaemonSet on all nodes",
    "apps/v1",
    "DaemonSet",
    {
      status: {
        observedGeneration: 2,
        desiredNumberScheduled: 2,
        currentNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 2,
        numberReady: 2,
      },
    },
    "current",
  ],
  [
    "one that is missing on a node",
    "apps/v1",
    "DaemonSet",
    {
      status: {
        observedGeneration: 2,
        desiredNumberScheduled: 2,
        currentNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 1,
        numberReady: 2,
      },
    },
    "in-progress",
  ],
  ["one that nobody has seen", "apps/v1", "DaemonSet", {}, "in-progress"],
  ["a Job that runs", "batch/v1", "Job", { status: { startTime: "2026-01-01T00:00:00Z", active: 1 } }, "current"],
  ["a Job that has not begun", "batch/v1", "Job", {}, "in-progress"],
  [
    "a Job that failed",
    "batch/v1",
    "Job",
    { status: { conditions: [condition("Failed", "True", "BackoffLimitExceeded")] } },
    "failed",
  ],
  ["a Job that is done", "batch/v1", "Job", { status: { conditions: [condition("Complete", "True")] } }, "current"],
  ["a claim that is bound", "v1", "PersistentVolumeClaim", { status: { phase: "Bound" } }, "current"],
  ["a claim that waits", "v1", "PersistentVolumeClaim", { status: { phase: "Pending" } }, "in-progress"],
  [
    "a definition that is served",
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    { status: { conditions: [condition("NamesAccepted", "True"), condition("Established", "True")] } },
    "current",
  ],
  [
    "one whose names are taken",
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    { status: { conditions: [condition("NamesAccepted", "False", "", "taken")] } },
    "failed",
  ],
  [
    "one that is being installed",
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    { status: { conditions: [condition("Established", "False", "Installing")] } },
    "in-progress",
  ],
  [
    "an API that is there",
    "apiregistration.k8s.io/v1",
    "APIService",
    { status: { conditions: [condition("Available", "True")] } },
    "current",
  ],
  [
    "an API that is not",
    "apiregistration.k8s.io/v1",
    "APIService",
    { status: { conditions: [condition("Available", "False", "", "no endpoints")] } },
    "in-progress",
  ],
  ["anything without a status", "example.com/v1", "Widget", {}, "current"],
  [
    "anything that is ready",
    "example.com/v1",
    "Widget",
    { status: { observedGeneration: 2, conditions: [condition("Ready", "True")] } },
    "current",
  ],
  [
    "anything that is not ready",
    "example.com/v1",
    "Widget",
    { status: { conditions: [condition("Ready", "False", "", "no cogs")] } },
    "in-progress",
  ],
  [
    "anything that reconciles",
    "example.com/v1",
    "Widget",
    { status: { conditions: [condition("Reconciling", "True")] } },
    "in-progress",
  ],
  [
    "anything that is stalled",
    "example.com/v1",
    "Widget",
    { status: { conditions: [condition("Stalled", "True", "", "no cogs")] } },
    "failed",
  ],
  [
    "anything that is being deleted",
    "v1",
    "ConfigMap",
    { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } },
    "terminating",
  ],
];

it.each(cases)("%s", (_name, apiVersion, kind, parts, health) => {
  const { metadata = {}, ...rest } = parts as { metadata?: object };
  const object = json({ apiVersion, kind, metadata: { name: "a", generation: 2, ...metadata }, ...rest }) as JsonObject;
  const status = readStatus(object);
  expect(status.health).toBe(health);
  expect(status.message === "").toBe(health === "current");
});
