/** Objects that the API server takes, and such as it refuses: read by our check, and by the server itself. */

export const object = (apiVersion: string, kind: string, spec: string, name = "x"): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: a}\n${spec}\n`;
export const pod = "{containers: [{name: c, image: i}]}";
export const template = `{metadata: {labels: {a: b}}, spec: ${pod}}`;
export const deployment = (spec: string): string =>
  object("apps/v1", "Deployment", `spec: {selector: {matchLabels: {a: b}}, template: ${template}, ${spec}}`);
export const service = (spec: string): string => object("v1", "Service", `spec: ${spec}`);
export const cronJob = (schedule: string): string =>
  object(
    "batch/v1",
    "CronJob",
    `spec: {schedule: "${schedule}", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}`,
  );
export const ingress = (host: string): string =>
  object(
    "networking.k8s.io/v1",
    "Ingress",
    `spec: {defaultBackend: {service: {name: s, port: {number: 80}}}, rules: [{host: "${host}"}]}`,
  );
export const podOf = (container: string, more = ""): string =>
  object("v1", "Pod", `spec: {containers: [${container}]${more}}`);

/** What no version of Kubernetes takes: a name, the object, and what is said of it. */
export const refusedObjects: readonly (readonly [string, string, RegExp])[] = [
  [
    "a quantity",
    object("v1", "ResourceQuota", "spec: {hard: {pods: lots}}"),
    /spec\.hard\.pods of this ResourceQuota must be a quantity.*"lots"/,
  ],
  ["a negative quantity", object("v1", "ResourceQuota", "spec: {hard: {pods: -1}}"), /must not be negative/],
  ["negative replicas", deployment("replicas: -1"), /spec\.replicas of this Deployment must be at least 0/],
  ["replicas as text", deployment('replicas: "1"'), /whole number, without quotes/],
  ["too many replicas", deployment("replicas: 3000000000"), /too large/],
  ["a boolean as text", deployment('paused: "yes"'), /true or false/],
  ["a number as text", object("v1", "ConfigMap", "immutable: 1"), /true or false/],
  ["a list that is a mapping", podOf("{name: c, image: i, env: {a: b}}"), /must be a list/],
  ["a mapping that is a list", deployment("strategy: [a]"), /must be a mapping/],
  ["a string that is a number", podOf("{name: c, image: i, workingDir: 5}"), /must be a string/],
  ["a time", object("coordination.k8s.io/v1", "Lease", "spec: {renewTime: now}"), /must be a time/],
  [
    "no template",
    object("apps/v1", "Deployment", "spec: {selector: {matchLabels: {a: b}}}"),
    /spec of this Deployment lacks template/,
  ],
  ["no image", podOf("{name: c}"), /lacks image/],
  [
    "what is required at the root",
    object("rbac.authorization.k8s.io/v1", "RoleBinding", "subjects: []"),
    /lacks roleRef/,
  ],
  [
    "a Service's port twice",
    service("{ports: [{name: a, port: 80}, {name: b, port: 80}]}"),
    /spec\.ports\[1\].*same port and protocol/,
  ],
  ["a port's name twice", service("{ports: [{name: a, port: 80}, {name: a, port: 81}]}"), /twice/],
  ["several ports without names", service("{ports: [{name: a, port: 80}, {port: 81}]}"), /lacks name/],
  ["a container twice", podOf("{name: c, image: i}, {name: c, image: j}"), /same name as one before/],
  ["a variable twice", podOf("{name: c, image: i, env: [{name: A}, {name: A}]}"), /same name/],
  ["a port out of range", service("{ports: [{port: 99999}]}"), /from 1 to 65535/],
  ["a target port's name", service("{ports: [{port: 80, targetPort: No_Port}]}"), /lower-case/],
  ["a schedule", cronJob("daily"), /spec\.schedule of this CronJob/],
  ["a schedule with too much", cronJob("* * * * 8"), /day of the week/],
  ["a host", ingress("Acme Inc"), /spec\.rules\[0\]\.host/],
  ["a host that is an address", ingress("10.0.0.1"), /DNS name/],
  ["an image with a blank", podOf('{name: c, image: "nginx latest"}'), /no blanks/],
  [
    "a finalizer",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [a b]}\n",
    /metadata\.finalizers\[0\]/,
  ],
  ["a uid", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, uid: abc}\n", /metadata\.uid.*must not be there/],
  [
    "a resourceVersion",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, resourceVersion: '5'}\n",
    /cluster's to say/,
  ],
  [
    "managedFields",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, managedFields: [{manager: a}]}\n",
    /managedFields/,
  ],
  ["a share", deployment("strategy: {rollingUpdate: {maxSurge: some}}"), /with a %/],
  [
    "a selector that misses the template",
    object("apps/v1", "Deployment", `spec: {selector: {matchLabels: {a: c}}, template: ${template}}`),
    /label of template too/,
  ],
  [
    "a label of a selector",
    object("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {a: b c}}}"),
    /podSelector\.matchLabels\.a/,
  ],
  [
    "requests over limits",
    podOf("{name: c, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 1500m}}}"),
    /at most the limit/,
  ],
  ["a Job that restarts always", object("batch/v1", "Job", `spec: {template: {spec: ${pod}}}`), /OnFailure or Never/],
  [
    "a claim without storage",
    object("v1", "PersistentVolumeClaim", "spec: {accessModes: [ReadWriteOnce]}"),
    /lacks resources\.requests\.storage/,
  ],
  [
    "a range of addresses",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/40}}]}]}",
    ),
    /range of addresses/,
  ],
  [
    "a TLS Secret without its key",
    object("v1", "Secret", "type: kubernetes.io/tls\nstringData: {tls.crt: a}"),
    /lacks tls\.key/,
  ],
  [
    "a ServiceAccount without namespace",
    object(
      "rbac.authorization.k8s.io/v1",
      "ClusterRoleBinding",
      "roleRef: {kind: ClusterRole, name: r}\nsubjects: [{kind: ServiceAccount, name: s}]",
    ),
    /lacks namespace/,
  ],
];

/** What is taken. */
export const takenObjects: readonly (readonly [string, string])[] = [
  ["a Deployment", deployment("replicas: 0, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}")],
  ["one port by two protocols", service("{ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}")],
  ["a port without name", service("{ports: [{port: 80, targetPort: http}]}")],
  ["a headless Service", service("{clusterIP: None, selector: {a: b}}")],
  ["an external name", service("{type: ExternalName, externalName: example.com.}")],
  [
    "quantities",
    object(
      "v1",
      "ResourceQuota",
      "spec: {hard: {pods: 10, requests.cpu: 500m, a/b: 1e3, memory: 1.5Gi, x.y/z: 1k, requests.storage: '.5'}}",
    ),
  ],
  [
    "nulls",
    object("v1", "Pod", "spec: {containers: [{name: c, image: i, args: null}], nodeSelector: null}\nstatus: null"),
  ],
  ["a status", deployment("replicas: 1").replace("\nspec:", "\nstatus: {}\nspec:")],
  [
    "schedules",
    ["* * * * *", "*/5 0-6,12 1 jan-mar MON", "@daily", "@every 1h30m", "0 0 ? * 0"]
      .map((s) => cronJob(s))
      .join("---\n"),
  ],
  ["hosts", ["", "example.com", "*.example.com"].map((host) => ingress(host)).join("---\n")],
  [
    "images",
    ["nginx", "nginx:1.27", "r.example:5000/a/b__c:v1", `a/b@sha256:${"0".repeat(64)}`, "LOCALHOST/a"]
      .map((image) => podOf(`{name: c, image: "${image}"}`))
      .join("---\n"),
  ],
  [
    "creationTimestamp: null",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, creationTimestamp: null, uid: ''}\n",
  ],
  [
    "finalizers",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [example.com/x, foregroundDeletion]}\n",
  ],
  ["a Role without rules", object("rbac.authorization.k8s.io/v1", "Role", "rules: null")],
  ["a kind that nobody knows", object("example.com/v1", "Widget", "spec: {anything: [1, {}]}")],
];
