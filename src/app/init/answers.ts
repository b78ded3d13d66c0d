/** What `sluice init` fills the files of a new repository with. Pure. */
import { writeConnection } from "../../config/write-connection.ts";
import type { Connection } from "../../model/connection.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { SecretRef } from "../../model/settings.ts";
import { readAddress } from "./address.ts";

export const deliveries = ["none", "flux", "argocd", "applier"] as const;
export type InitDelivery = (typeof deliveries)[number];

export interface InitQuestions {
  readonly name: string;
  readonly url: string;
  readonly branch: string;
  readonly delivery: InitDelivery;
  readonly cluster: { readonly namespace: string; readonly name: string };
  /** As CODEOWNERS names people. Default: the team `platform` of the repository's owner. */
  readonly owners: string | undefined;
  /** `OWNER/REPOSITORY@REF` of the Action. */
  readonly action: string;
  readonly connection: Connection;
  /** By the value that stands for it, what the connection refers to already. */
  readonly refs: ReadonlyMap<string, SecretRef>;
}

export interface InitAnswers {
  /** What templates see. */
  readonly values: JsonObject;
  /** The connection's file. */
  readonly connectionText: string;
  /** What has to be in the environment of Sluice. */
  readonly variables: readonly string[];
  /** The subject that the example listens to. */
  readonly subject: string;
  /** The hub can't reach the repository by this address: one has to be put in its place. */
  readonly isHubUrlUnknown: boolean;
}

const hubUrlUnknown = "https://git.example.com/acme/fleet.git";

export function answer(questions: InitQuestions): InitAnswers {
  const { name, url, branch, delivery, cluster, action, connection, refs } = questions;
  const { access, host, owner, hubUrl } = readAddress(url);
  const { text: connectionText, variables } = writeConnection(connection, refs);
  const subjects = subjectsOf(connection);
  const subject = exampleSubject(subjects);
  const values = new Map<string, Json>([
    ["name", name],
    ["url", url],
    ["branch", branch],
    ["access", access],
    ["email", `${name}@${host ?? "localhost"}`],
    ["hubUrl", hubUrl ?? hubUrlUnknown],
    ["delivery", delivery],
    ["cluster", `${cluster.namespace}/${cluster.name}`],
    ["clusterNamespace", cluster.namespace],
    ["clusterName", cluster.name],
    ["owners", questions.owners ?? `@${owner ?? "acme"}/platform`],
    ["action", action],
    ["subject", subject],
    ["needsSubject", subjects.length !== 1 || subjects[0] !== subject],
    ["variables", [...variables]],
  ]);
  const isOnHub = delivery === "flux" || delivery === "argocd";
  const all = access === "https" ? ["GIT_TOKEN", ...variables] : variables;
  return { values, connectionText, variables: all, subject, isHubUrlUnknown: isOnHub && hubUrl === undefined };
}

function subjectsOf({ core, jetstream }: Connection): readonly string[] {
  const streamed = jetstream?.streams.flatMap(({ subjects }) => (subjects.length === 0 ? [">"] : subjects)) ?? [];
  return [...new Set([...(core?.subjects ?? []), ...streamed])];
}

const seedSubject = "user-operation";

/** One that the connection hears: the seed's own where it can be, else the first, with a word for each wildcard. */
function exampleSubject(subjects: readonly string[]): string {
  if (subjects.includes(seedSubject) || subjects.includes(">") || subjects.length === 0) return seedSubject;
  return subjects[0]!.replace(/\*|>/g, "users");
}
