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

/** Instead: a ConfigMap for each user who is logged in, gone with the logout. `data` is its data, in braces. */
export function loggedInUsers(subject: string, data: string): string {
  return `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec:
  messagingMatchCriteria:
  - subject: ${subject}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
  policyRefs:
  - {name: users, namespace: default, kind: ConfigMap}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: users, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  user.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
    data: ${data}
`;
}

export const usersConnection = JSON.stringify({
  nats: {
    configuration: {
      url: "nats://nats.nats.svc.cluster.local:4222",
      subjects: ["user-operation"],
      authorization: { user: { user: "admin", password: "my-password" } },
    },
  },
});
