/** What Kubernetes itself says of its own kinds: which live in a namespace, and what their names may look like. */

export type Scope = "cluster" | "namespace";

const clusterKinds: readonly (readonly [string, string])[] = [
  ["", "ComponentStatus Namespace Node PersistentVolume"],
  [
    "admissionregistration.k8s.io",
    "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy " +
      "ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
  ],
  ["apiextensions.k8s.io", "CustomResourceDefinition"],
  ["apiregistration.k8s.io", "APIService"],
  ["authentication.k8s.io", "SelfSubjectReview TokenReview"],
  ["authorization.k8s.io", "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"],
  ["certificates.k8s.io", "CertificateSigningRequest ClusterTrustBundle"],
  ["flowcontrol.apiserver.k8s.io", "FlowSchema PriorityLevelConfiguration"],
  ["internal.apiserver.k8s.io", "StorageVersion"],
  ["networking.k8s.io", "IPAddress IngressClass ServiceCIDR"],
  ["node.k8s.io", "RuntimeClass"],
  ["rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding"],
  ["resource.k8s.io", "DeviceClass DeviceTaintRule ResourcePoolStatusRequest ResourceSlice"],
  ["scheduling.k8s.io", "PriorityClass"],
  ["storage.k8s.io", "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass"],
  ["storagemigration.k8s.io", "StorageVersionMigration"],
];
const namespaceKinds: readonly (readonly [string, string])[] = [
  [
    "",
    "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController " +
      "ResourceQuota Secret Service ServiceAccount",
  ],
  ["apps", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"],
  ["authorization.k8s.io", "LocalSubjectAccessReview"],
  ["autoscaling", "HorizontalPodAutoscaler"],
  ["batch", "CronJob Job"],
  ["certificates.k8s.io", "PodCertificateRequest"],
  ["coordination.k8s.io", "Lease LeaseCandidate"],
  ["discovery.k8s.io", "EndpointSlice"],
  ["events.k8s.io", "Event"],
  ["networking.k8s.io", "Ingress NetworkPolicy"],
  ["policy", "PodDisruptionBudget"],
  ["rbac.authorization.k8s.io", "Role RoleBinding"],
  ["resource.k8s.io", "ResourceClaim ResourceClaimTemplate"],
  ["scheduling.k8s.io", "PodGroup Workload"],
  ["storage.k8s.io", "CSIStorageCapacity"],
];

const scopes = new Map<string, Scope>();
for (const [group, kinds] of clusterKinds)
  for (const kind of kinds.split(" ")) scopes.set(`${group}/${kind.toLowerCase()}`, "cluster");
for (const [group, kinds] of namespaceKinds) {
  for (const kind of kinds.split(" ")) scopes.set(`${group}/${kind.toLowerCase()}`, "namespace");
}

/** Where objects of a built-in kind live; undefined for kinds that Kubernetes does not know by itself. The case of letters does not count. */
export function scopeOf(group: string, kind: string): Scope | undefined {
  return scopes.get(`${group}/${kind.toLowerCase()}`);
}
