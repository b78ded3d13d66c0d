/** Every secret that settings name. */
import type { RepositoryAuth, SecretRef, Settings } from "../model/settings.ts";

export function secretsOf({ repository, review, webhooks, render, output }: Settings): readonly SecretRef[] {
  return [
    ...refsOfAuth(repository.auth),
    ...(repository.signing === undefined ? [] : [repository.signing.key]),
    ...(review.mode === "pull-request"
      ? [review.auth.kind === "token" ? review.auth.token : review.auth.privateKey]
      : []),
    ...(webhooks === undefined ? [] : [webhooks.secret]),
    ...(render.seedKey === undefined ? [] : [render.seedKey]),
    ...(output.sops.hmacKey === undefined ? [] : [output.sops.hmacKey]),
  ];
}

function refsOfAuth(auth: RepositoryAuth): readonly SecretRef[] {
  switch (auth.kind) {
    case "none":
      return [];
    case "basic":
      return [auth.username, auth.password];
    case "bearer":
      return [auth.token];
    case "ssh":
      return auth.knownHosts === undefined ? [auth.key] : [auth.key, auth.knownHosts];
    case "githubApp":
      return [auth.privateKey];
  }
}
