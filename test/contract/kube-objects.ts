/** Objects of common kinds, every member that events are likely to fill filled, and values to put into each. */
import type { Json } from "../../src/model/json.ts";

export const hostileValues: readonly Json[] = [
  "",
  "Acme Inc",
  "alice@example.com",
  "true",
  "-1",
  "x".repeat(300),
  "10.0.0.1",
  "a/b",
  "1Gi",
  -1n,
  0n,
  99999n,
  3_000_000_000n,
  1.5,
  true,
  null,
  new Map(),
  [],
];

/**
 * Places where we say less or more than the server, and why: what follows from other objects, from the cluster's own
 * settings, or only from the whole of an object.
 */
export const knownDifferences: ReadonlySet<string> = new Set([
  // We refuse what no node could pull.
  "CronJob spec.jobTemplate.spec.template.spec.containers.0.image",
  "Deployment spec.template.spec.containers.0.image",
  "Pod spec.containers.0.image",
  ...["DaemonSet", "Job", "StatefulSet"].map((kind) => `${kind} spec.template.spec.containers.0.image`),
  // A number that does not fit: the server wraps it, and stores another one.
  "PriorityClass value",
  // There null is read as the text that it looks like.
  "Deployment spec.template.spec.tolerations.0.operator",
  "Pod spec.tolerations.0.operator",
  "RoleBinding roleRef.apiGroup",
  "RoleBinding subjects.0.apiGroup",
  "ClusterRoleBinding roleRef.apiGroup",
  "ClusterRoleBinding subjects.0.apiGroup",
  "StatefulSet spec.template.spec.tolerations.0.operator",
]);

const podSpec = `
  serviceAccountName: robot
  nodeSelector: {disk: ssd}
  terminationGracePeriodSeconds: 30
  restartPolicy: Always
  containers:
  - name: main
    image: registry.example/app:1
    imagePullPolicy: Always
    workingDir: /work
    command: [run]
    args: [all]
    env:
    - {name: REGION, value: eu}
    ports:
    - {name: http, containerPort: 8080, protocol: TCP}
    resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 2Gi}}
    volumeMounts:
    - {name: data, mountPath: /data}
    livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
  volumes:
  - {name: data, emptyDir: {sizeLimit: 1Gi}}
  tolerations:
  - {key: a, operator: Equal, value: b, effect: NoSchedule}
`;

function indent(text: string, by: number): string {
  return text.replace(/\n(?=.)/g, `\n${" ".repeat(by)}`);
}

export const baseObjects: readonly string[] = [
  "apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: {team: a}, annotations: {note: b}}\n",
  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n, namespace: a, finalizers: [example.com/x]}\ndata: {k: v}\nbinaryData: {b: dg==}\nimmutable: false\n",
  "apiVersion: v1\nkind: Secret\nmetadata: {name: n, namespace: a}\ntype: Opaque\nstringData: {k: v}\n",
  "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: n, namespace: a}\nautomountServiceAccountToken: true\n",
  "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: n, namespace: a}\nspec: {hard: {pods: 10, requests.cpu: 4}}\n",
  "apiVersion: v1\nkind: LimitRange\nmetadata: {name: n, namespace: a}\nspec: {limits: [{type: Container, default: {cpu: 1}, defaultRequest: {cpu: 500m}}]}\n",
  "apiVersion: v1\nkind: Service\nmetadata: {name: n, namespace: a}\nspec:\n  type: ClusterIP\n  selector: {app: a}\n  sessionAffinity: None\n  ports:\n  - {name: http, port: 80, targetPort: 8080, protocol: TCP}\n",
  "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: n, namespace: a}\nspec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}\n",
  `apiVersion: v1\nkind: Pod\nmetadata: {name: n, namespace: a}\nspec:${podSpec}`,
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n, namespace: a}\nspec:\n  replicas: 2\n  minReadySeconds: 1\n  selector: {matchLabels: {app: a}}\n  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}\n  template:\n    metadata: {labels: {app: a}}\n    spec:${indent(podSpec, 4)}`,
  "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: n, namespace: a}\nspec:\n  schedule: '0 * * * *'\n  concurrencyPolicy: Forbid\n  suspend: false\n  jobTemplate: {spec: {backoffLimit: 1, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}\n",
  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: n, namespace: a}\nspec:\n  ingressClassName: nginx\n  tls: [{hosts: [a.example.com], secretName: s}]\n  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]\n",
  "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec:\n  podSelector: {matchLabels: {app: a}}\n  policyTypes: [Ingress]\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80, protocol: TCP}]}]\n",
  "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: n, namespace: a}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
  "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: n, namespace: a}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects: [{kind: User, name: alice, apiGroup: rbac.authorization.k8s.io}, {kind: ServiceAccount, name: robot, namespace: a}]\n",
  "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: n, namespace: a}\nspec: {minReplicas: 1, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}\n",
  "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: n, namespace: a}\nspec: {minAvailable: 1, selector: {matchLabels: {app: a}}}\n",
  `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: n, namespace: a}\nspec:\n  replicas: 1\n  serviceName: s\n  podManagementPolicy: Parallel\n  selector: {matchLabels: {app: a}}\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}\n  template:\n    metadata: {labels: {app: a}}\n    spec:${indent(podSpec, 4)}  volumeClaimTemplates:\n  - metadata: {name: claim}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n`,
  "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: n, namespace: a}\nspec:\n  selector: {matchLabels: {app: a}}\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}\n  template: {metadata: {labels: {app: a}}, spec: {hostNetwork: false, dnsPolicy: ClusterFirst, securityContext: {runAsUser: 1000, fsGroup: 1}, containers: [{name: c, image: i, securityContext: {privileged: false}, envFrom: [{configMapRef: {name: x}}], env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}], volumes: [{name: v, configMap: {name: x, items: [{key: k, path: p}]}}, {name: w, secret: {secretName: s, defaultMode: 420}}]}}\n",
  "apiVersion: batch/v1\nkind: Job\nmetadata: {name: n, namespace: a}\nspec: {parallelism: 1, completions: 2, backoffLimit: 3, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: 60, completionMode: NonIndexed, template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: i}]}}}\n",
  "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: n}\nrules: [{apiGroups: [apps], resources: [deployments], resourceNames: [x], verbs: [get]}, {nonResourceURLs: [/metrics], verbs: [get]}]\n",
  "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: n}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\nsubjects: [{kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}]\n",
  "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: n}\nprovisioner: example.com/p\nparameters: {a: b}\nreclaimPolicy: Delete\nvolumeBindingMode: Immediate\nallowVolumeExpansion: true\n",
  "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: n}\nspec: {controller: example.com/c}\n",
  "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: n, namespace: a}\nspec: {holderIdentity: h, leaseDurationSeconds: 15}\n",
  "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: n}\nvalue: 10\n",
];
