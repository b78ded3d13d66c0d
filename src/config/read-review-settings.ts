/** `review` and `server.webhooks` of `sluice.yaml`: what follows from the repository's URL need not be written there. */
import type { Json, JsonObject } from "../model/json.ts";
import { parseDuration } from "../model/parse-duration.ts";
import type {
  ForgePlace,
  GithubAppAuth,
  RepositorySettings,
  ReviewSettings,
  SecretRef,
  Settings,
  WebhookSettings,
} from "../model/settings.ts";
import { type ListenAddress, parseListenAddress } from "./read-address.ts";
import { memberList, memberObject, memberText, type Path } from "./yaml-document.ts";

/** What the reader of the whole document lends. */
export interface SettingsScope {
  fault(path: Path, message: string, hint?: string): void;
  readSecretRef(path: Path, value: Json): SecretRef;
}

type Reviewed = Extract<ReviewSettings, { mode: "pull-request" }>;

export function readReview(
  review: JsonObject | undefined,
  repository: RepositorySettings,
  scope: SettingsScope,
): ReviewSettings {
  if (review === undefined || memberText(review, "mode") !== "pull-request") return { mode: "push" };
  const forge = memberText(review, "forge") as Reviewed["forge"] | undefined;
  if (forge === undefined) {
    scope.fault(["review"], "review.mode pull-request needs review.forge", "Set review.forge to github or gitea.");
  }
  const found = readForgePlace(review, repository.url, forge ?? "github");
  const place = found ?? nowhere;
  if (found === undefined) {
    const hint = "Set both, or repository.url to where the forge serves the repository.";
    scope.fault(["review"], "review needs apiUrl and repository: repository.url does not tell", hint);
  }
  const autoMerge = review.get("autoMerge") ?? false;
  const texts = (key: string) => memberList(review, key).map(String);
  return {
    mode: "pull-request",
    grouping: (memberText(review, "group") ?? "all") as Reviewed["grouping"],
    forge: forge ?? "github",
    place,
    auth: readReviewAuth(review, repository, forge, place, scope),
    labels: texts("labels"),
    reviewers: texts("reviewers"),
    assignees: texts("assignees"),
    isDraft: review.get("draft") === true,
    hold: (memberText(review, "hold") ?? "never") as Reviewed["hold"],
    ...(autoMerge === false ? {} : { autoMerge: autoMerge === true ? "merge" : (autoMerge as "merge") }),
    requestsMax: Number(review.get("maxOpen") ?? 20),
    intervalMsMin: parseDuration(memberText(review, "minInterval") ?? "30s"),
    pollMs: parseDuration(memberText(review, "pollInterval") ?? "1m"),
  };
}

/** Stands in for what is missing, which is a fault that has been told. */
const nowhere: ForgePlace = { apiUrl: "", owner: "", repository: "" };

function readForgePlace(review: JsonObject, url: string, forge: Reviewed["forge"]): ForgePlace | undefined {
  const found = findForge(url);
  const segments = found?.segments ?? [];
  const apiUrl = memberText(review, "apiUrl") ?? (found === undefined ? undefined : defaultApiUrl(found, forge));
  const name = memberText(review, "repository") ?? (segments.length < 2 ? undefined : segments.slice(-2).join("/"));
  if (apiUrl === undefined || name === undefined) return undefined;
  const slash = name.indexOf("/");
  return { apiUrl: apiUrl.replace(/\/+$/, ""), owner: name.slice(0, slash), repository: name.slice(slash + 1) };
}

interface ForgeAddress {
  /** `https://host:port` */
  readonly origin: string;
  /** Of the path, without `.git` at the end. */
  readonly segments: readonly string[];
}

/** Where the web interface is, by where Git is served; undefined for paths. */
function findForge(url: string): ForgeAddress | undefined {
  const [, scheme, host = "", port = "", path = ""] =
    /^(https?|ssh):\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)(:\d+)?\/(.+)$/.exec(url) ?? [];
  if (scheme !== undefined) {
    return { origin: scheme === "ssh" ? `https://${host}` : `${scheme}://${host}${port}`, segments: segmentsOf(path) };
  }
  if (url.includes("://") || url.startsWith("/")) return undefined;
  const [, scpHost, scpPath = ""] = /^(?:[^/@]*@)?([^/:]{2,}):(.+)$/.exec(url) ?? [];
  return scpHost === undefined ? undefined : { origin: `https://${scpHost}`, segments: segmentsOf(scpPath) };
}

function segmentsOf(path: string): readonly string[] {
  return path
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .split("/")
    .filter((segment) => segment !== "");
}

/** A Gitea may be served below a path. */
function defaultApiUrl({ origin, segments }: ForgeAddress, forge: Reviewed["forge"]): string {
  if (forge === "github") return origin === "https://github.com" ? "https://api.github.com" : `${origin}/api/v3`;
  return [origin, ...segments.slice(0, -2), "api", "v1"].join("/");
}

function readReviewAuth(
  review: JsonObject,
  { auth: repositoryAuth }: RepositorySettings,
  forge: Reviewed["forge"] | undefined,
  place: ForgePlace,
  scope: SettingsScope,
): Reviewed["auth"] {
  const path = ["review", "auth"];
  const auth = memberObject(review, "auth");
  const app = memberObject(auth, "githubApp");
  if (app !== undefined && forge === "gitea") scope.fault(path, "a GitHub App has no say on gitea", "Use a token.");
  if (app !== undefined) return readAppOf(app, [...path, "githubApp"], place, scope);
  const token = auth?.get("token");
  if (token !== undefined) return { kind: "token", token: scope.readSecretRef([...path, "token"], token) };
  switch (repositoryAuth.kind) {
    case "basic":
      return { kind: "token", token: repositoryAuth.password };
    case "bearer":
      return { kind: "token", token: repositoryAuth.token };
    case "githubApp":
      return repositoryAuth;
    default:
      scope.fault(["review"], "review needs auth: repository.auth has neither token nor password");
      return { kind: "token", token: { kind: "value", value: "" } };
  }
}

/** `repository.auth.githubApp`: pushes as the App, so the repository has to be on GitHub. */
export function readRepositoryApp(app: JsonObject, url: string, scope: SettingsScope): GithubAppAuth {
  const path = ["repository", "auth", "githubApp"];
  const place = /^https?:/.test(url) ? readForgePlace(new Map(), url, "github") : undefined;
  if (place === undefined) scope.fault(path, "githubApp needs repository.url to be https://HOST/OWNER/NAME");
  return readAppOf(app, path, place ?? nowhere, scope);
}

function readAppOf(app: JsonObject, path: Path, place: ForgePlace, scope: SettingsScope): GithubAppAuth {
  const installationId = app.get("installationId");
  return {
    kind: "githubApp",
    appId: String(app.get("appId")),
    ...(installationId === undefined ? {} : { installationId: String(installationId) }),
    privateKey: scope.readSecretRef([...path, "privateKey"], app.get("privateKey") ?? ""),
    place,
  };
}

export function readWebhooks(server: JsonObject | undefined, scope: SettingsScope): WebhookSettings | undefined {
  const webhooks = memberObject(server, "webhooks");
  if (webhooks === undefined) return undefined;
  const path = ["server", "webhooks"];
  const address = parseListenAddress(memberText(webhooks, "address") ?? "");
  if (address === undefined) {
    scope.fault([...path, "address"], "server.webhooks.address is not host:port", "Write it as 127.0.0.1:8081.");
  }
  const secret = scope.readSecretRef([...path, "secret"], webhooks.get("secret") ?? "");
  return { ...(address ?? { host: "", port: 0 }), secret };
}

/** `server.address`: where probes and metrics are served; absent: nowhere. */
export function readServer(server: JsonObject | undefined, scope: SettingsScope): Settings["server"] {
  const address = readServerAddress(server, scope);
  const page = memberObject(server, "page");
  if (page === undefined) return address;
  if (!server?.has("address")) scope.fault(["server", "page"], "server.page needs server.address");
  const hosts = memberList(page, "hosts").map((host) => String(host).toLowerCase());
  return address === undefined ? undefined : { ...address, page: { hosts } };
}

function readServerAddress(server: JsonObject | undefined, scope: SettingsScope): ListenAddress | undefined {
  const text = memberText(server, "address");
  if (text === undefined) return undefined;
  const address = parseListenAddress(text);
  if (address === undefined) {
    scope.fault(["server", "address"], "server.address is not host:port", "Write it as 127.0.0.1:8080.");
  }
  return address;
}
