/** A Namespace for each user who logs in, over core NATS: what tests of the service as a whole are about. */

export const usersTrigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: user}]
`;

/** By file of the config folder; the trigger stands in one of its own. */
export const usersConfig = {
  "trigger.yaml": usersTrigger,
  "others.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec:
  messagingMatchCriteria: [{subject: user-operation}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: user, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  namespace.yaml: |
    apiVersion: v1
    kind: Namespace
    metadata: {name: "{{ .CloudEvent.subject }}"}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: production}}
`,
};

export const usersConnection = JSON.stringify({
  nats: {
    configuration: {
      url: "nats://nats.nats.svc.cluster.local:4222",
      subjects: ["user-operation"],
      authorization: { user: { user: "admin", password: "my-password" } },
    },
  },
});
