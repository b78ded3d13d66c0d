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
  [
    "an exception that is no part of its range",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}",
    ),
    /except\[0\].*part of cidr/,
  ],
  [
    "an exception of the whole range",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 'fd00::/8', except: ['fd00::/8']}}]}]}",
    ),
    /not all of it/,
  ],
  [
    "a peer that is nobody",
    object("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}, ingress: [{from: [{}]}]}"),
    /must name a peer/,
  ],
  [
    "a peer that is a range and a selector",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
    ),
    /both ipBlock/,
  ],
  [
    "ports that end before they begin",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 70}]}]}",
    ),
    /at least port/,
  ],
  [
    "an end of named ports",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{ports: [{port: http, endPort: 70}]}]}",
    ),
    /a number as port/,
  ],
  [
    "a policy of three types",
    object("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}"),
    /at most two/,
  ],
  [
    "an Ingress's path /a//b",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/a//b", pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}',
    ),
    /must not have '[^']*' in it/,
  ],
  [
    "an Ingress's path /a/../b",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/a/../b", pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}',
    ),
    /must not have '[^']*' in it/,
  ],
  [
    "an Ingress's path /a/..",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/a/..", pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}',
    ),
    /must not have '[^']*' in it/,
  ],
  [
    "an Ingress's path /%2f",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/%2f", pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}',
    ),
    /must not have '[^']*' in it/,
  ],
  [
    "a port by number and by name",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      "spec: {defaultBackend: {service: {name: s, port: {number: 80, name: http}}}}",
    ),
    /both number and name/,
  ],
  [
    "an Ingress's port that is no name",
    object("networking.k8s.io/v1", "Ingress", "spec: {defaultBackend: {service: {name: s, port: {name: My_Port}}}}"),
    /single '-'/,
  ],
  [
    "a host's alias that is no address",
    object("v1", "Pod", `spec: {hostAliases: [{ip: alice, hostnames: [a]}], containers: [{name: c, image: i}]}`),
    /must be an IP address/,
  ],
  [
    "an alias that is no host",
    object("v1", "Pod", `spec: {hostAliases: [{ip: 1.2.3.4, hostnames: [A b]}], containers: [{name: c, image: i}]}`),
    /lower-case letters/,
  ],
  [
    "an endpoint that is the machine itself",
    object("v1", "Endpoints", "subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: 80}]}]"),
    /machine itself/,
  ],
  [
    "an endpoint of IPv4 at alice",
    object("discovery.k8s.io/v1", "EndpointSlice", 'addressType: IPv4\nendpoints: [{addresses: ["alice"]}]'),
    /endpoints\[0\]\.addresses\[0\]/,
  ],
  [
    "an endpoint of IPv4 at 169.254.1.1",
    object("discovery.k8s.io/v1", "EndpointSlice", 'addressType: IPv4\nendpoints: [{addresses: ["169.254.1.1"]}]'),
    /endpoints\[0\]\.addresses\[0\]/,
  ],
  [
    "an endpoint of IPv6 at ::1",
    object("discovery.k8s.io/v1", "EndpointSlice", 'addressType: IPv6\nendpoints: [{addresses: ["::1"]}]'),
    /endpoints\[0\]\.addresses\[0\]/,
  ],
  [
    "an endpoint of IPv6 at 10.0.0.1",
    object("discovery.k8s.io/v1", "EndpointSlice", 'addressType: IPv6\nendpoints: [{addresses: ["10.0.0.1"]}]'),
    /endpoints\[0\]\.addresses\[0\]/,
  ],
  [
    "an endpoint of FQDN at a b",
    object("discovery.k8s.io/v1", "EndpointSlice", 'addressType: FQDN\nendpoints: [{addresses: ["a b"]}]'),
    /endpoints\[0\]\.addresses\[0\]/,
  ],
  [
    "a headless Service at the nodes' ports",
    service("{type: NodePort, clusterIP: None, ports: [{port: 80}]}"),
    /must not be None/,
  ],
  [
    "a local policy of a Service within",
    service("{externalTrafficPolicy: Local, ports: [{port: 80}]}"),
    /reached from outside/,
  ],
  [
    "clients kept for more than a day",
    service(
      "{sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 100000}}, ports: [{port: 80}]}",
    ),
    /from 1 to 86400/,
  ],
  [
    "a part of a volume above it",
    podOf(
      "{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: ../x}]}",
      ", volumes: [{name: v, emptyDir: {}}]",
    ),
    /must not have '\.\.'/,
  ],
  [
    "a part of a volume from the root",
    podOf(
      "{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: /x}]}",
      ", volumes: [{name: v, emptyDir: {}}]",
    ),
    /must not begin with/,
  ],
  [
    "a path of the host with steps up",
    podOf("{name: c, image: i}", ", volumes: [{name: v, hostPath: {path: /a/../b}}]"),
    /must not have '\.\.'/,
  ],
  [
    "a volume of two sorts",
    podOf("{name: c, image: i}", ", volumes: [{name: v, emptyDir: {}, hostPath: {path: /a}}]"),
    /must not be both/,
  ],
  [
    "a variable with two values",
    podOf("{name: c, image: i, env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}"),
    /both value and valueFrom/,
  ],
  ["a probe without a handler", podOf("{name: c, image: i, livenessProbe: {}}"), /must have a handler/],
  [
    "a probe of two handlers",
    podOf("{name: c, image: i, livenessProbe: {tcpSocket: {port: 80}, httpGet: {port: 80}}}"),
    /must not have both/,
  ],
  [
    "a header that is none",
    podOf("{name: c, image: i, livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: a b, value: c}]}}}"),
    /letters, digits and '-'/,
  ],
  [
    "a first container with the name of another",
    podOf("{name: c, image: i}", ", initContainers: [{name: c, image: i}]"),
    /a container's already/,
  ],
  ["no name servers", podOf("{name: c, image: i}", ", dnsPolicy: None"), /must have nameservers/],
  [
    "processes of the host, and shared ones",
    podOf("{name: c, image: i}", ", hostPID: true, shareProcessNamespace: true"),
    /both hostPID/,
  ],
  [
    "a skew of nothing",
    podOf(
      "{name: c, image: i}",
      ", topologySpreadConstraints: [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]",
    ),
    /at least 1/,
  ],
  [
    "a least above the most",
    object("v1", "LimitRange", 'spec: {limits: [{type: Container, min: {cpu: "2"}, max: {cpu: "1"}}]}'),
    /at most the max/,
  ],
  [
    "a default below the least",
    object("v1", "LimitRange", 'spec: {limits: [{type: Container, min: {cpu: "2"}, default: {cpu: "1"}}]}'),
    /at most the default/,
  ],
  [
    "a default of whole pods",
    object("v1", "LimitRange", 'spec: {limits: [{type: Pod, default: {cpu: "1"}}]}'),
    /must not be there for type Pod/,
  ],
  [
    "bounds of claims without storage",
    object("v1", "LimitRange", "spec: {limits: [{type: PersistentVolumeClaim}]}"),
    /lacks min.storage/,
  ],
  [
    "bounds of a type twice",
    object("v1", "LimitRange", "spec: {limits: [{type: Container}, {type: Container}]}"),
    /is there twice/,
  ],
  [
    "a ratio below one",
    object("v1", "LimitRange", 'spec: {limits: [{type: Container, maxLimitRequestRatio: {cpu: "0.5"}}]}'),
    /at least 1/,
  ],
  [
    "more disruptions than pods",
    object("policy/v1", "PodDisruptionBudget", "spec: {minAvailable: 101%}"),
    /more than 100%/,
  ],
  ["more pods away than there are", deployment("strategy: {rollingUpdate: {maxUnavailable: 150%}}"), /more than 100%/],
  [
    "rolling where all are replaced at once",
    deployment("strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}"),
    /must not be there for type Recreate/,
  ],
  [
    "a metric without its source",
    object(
      "autoscaling/v2",
      "HorizontalPodAutoscaler",
      "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, maxReplicas: 2, metrics: [{type: Resource}]}",
    ),
    /lacks resource/,
  ],
  [
    "a target of nothing",
    object(
      "autoscaling/v2",
      "HorizontalPodAutoscaler",
      'spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, maxReplicas: 2, metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: "0"}}}]}',
    ),
    /more than nothing/,
  ],
  [
    "a window of more than an hour",
    object(
      "autoscaling/v2",
      "HorizontalPodAutoscaler",
      "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, maxReplicas: 2, behavior: {scaleDown: {stabilizationWindowSeconds: 4000}}}",
    ),
    /from 0 to 3600/,
  ],
  [
    "the time zone ''",
    object(
      "batch/v1",
      "CronJob",
      'spec: {schedule: "* * * * *", timeZone: "", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}',
    ),
    /spec\.timeZone/,
  ],
  [
    "the time zone 'Local'",
    object(
      "batch/v1",
      "CronJob",
      'spec: {schedule: "* * * * *", timeZone: "Local", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}',
    ),
    /spec\.timeZone/,
  ],
  [
    "the time zone 'Europe Berlin'",
    object(
      "batch/v1",
      "CronJob",
      'spec: {schedule: "* * * * *", timeZone: "Europe Berlin", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}',
    ),
    /spec\.timeZone/,
  ],
  [
    "a priority above the users' own",
    object("scheduling.k8s.io/v1", "PriorityClass", "value: 2000000000"),
    /at most 1000000000/,
  ],
  [
    "a priority with Kubernetes' own name",
    object("scheduling.k8s.io/v1", "PriorityClass", "value: 1", "system-x"),
    /system-/,
  ],
  [
    "a rule without groups",
    object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [get], resources: [pods]}]"),
    /lacks apiGroups/,
  ],
  [
    "a rule without resources",
    object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [get], apiGroups: ['']}]"),
    /lacks resources/,
  ],
  [
    "a Role over what is no resource",
    object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [get], nonResourceURLs: [/x]}]"),
    /ClusterRole's alone/,
  ],
  [
    "two controllers",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u, controller: true}, {apiVersion: v1, kind: Pod, name: q, uid: v, controller: true}]}\n",
    /at most one that is the controller/,
  ],
  [
    "an owner of no version",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a, ownerReferences: [{apiVersion: a/b/c, kind: Pod, name: p, uid: u}]}\n",
    /neither 'version' nor/,
  ],
  [
    "an Event as an owner",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a, ownerReferences: [{apiVersion: v1, kind: Event, name: p, uid: u}]}\n",
    /must not be an Event/,
  ],
  [
    "finalizers that exclude each other",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a, finalizers: [orphan, foregroundDeletion]}\n",
    /both orphan and/,
  ],
  [
    "a registry's credentials that are no JSON",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: a}\ntype: kubernetes.io/dockerconfigjson\nstringData: {'.dockerconfigjson': '{bad'}\n",
    /must be JSON/,
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
  [
    "exceptions within a range",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:0:1::/64']}}, {podSelector: {}, namespaceSelector: {}}]}]}",
    ),
  ],
  [
    "ports from one to another",
    object(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      "spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 90}, {port: http}, {}]}]}",
    ),
  ],
  [
    "paths with dots in their names",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/a/..b/.c/d..", pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}',
    ),
  ],
  [
    "a path of the implementation's own",
    object(
      "networking.k8s.io/v1",
      "Ingress",
      'spec: {rules: [{http: {paths: [{path: "/a//b|(.*)", pathType: ImplementationSpecific, backend: {service: {name: s, port: {name: http}}}}]}}]}',
    ),
  ],
  [
    "endpoints of each sort",
    object(
      "discovery.k8s.io/v1",
      "EndpointSlice",
      "addressType: IPv6\nendpoints: [{addresses: ['2001:db8::1']}, {addresses: ['fd00::a:1']}]",
    ),
  ],
  [
    "a Service from outside",
    service(
      "{type: LoadBalancer, externalTrafficPolicy: Local, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}, ports: [{port: 80}]}",
    ),
  ],
  [
    "a part of a volume with dots in its name",
    podOf("{name: c, image: i, volumeMounts: [{name: v, mountPath: /v, subPath: a/..b}]}", ", volumes: [{name: v}]"),
  ],
  [
    "an empty value beside where it comes from",
    podOf("{name: c, image: i, env: [{name: A, value: '', valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}"),
  ],
  [
    "bounds in their order",
    object(
      "v1",
      "LimitRange",
      'spec: {limits: [{type: Container, min: {cpu: "1"}, defaultRequest: {cpu: "1"}, default: {cpu: "2"}, max: {cpu: "2"}, maxLimitRequestRatio: {cpu: "2"}}, {type: Pod, max: {cpu: "4"}}, {type: PersistentVolumeClaim, max: {storage: 1Gi}}]}',
    ),
  ],
  [
    "a rollout in which everything may be away",
    deployment("strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 150%, maxUnavailable: 100%}}"),
  ],
  [
    "time zones",
    object(
      "batch/v1",
      "CronJob",
      'spec: {schedule: "* * * * *", timeZone: America/Argentina/Buenos_Aires, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}',
    ),
  ],
  ["the highest of priorities", object("scheduling.k8s.io/v1", "PriorityClass", "value: 1000000000")],
  [
    "a ClusterRole over what is no resource",
    object("rbac.authorization.k8s.io/v1", "ClusterRole", "rules: [{verbs: [get], nonResourceURLs: [/x]}]"),
  ],
  [
    "owners, one of them the controller",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: p, uid: u, controller: true}, {apiVersion: v1, kind: Pod, name: q, uid: v}]}\n",
  ],
];
