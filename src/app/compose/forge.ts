/** What the Action runs on: the checkout, and the forge that the workflow belongs to. */
import { type ForkHead, findRequestNumber } from "../../adapters/github/find-request-number.ts";
import { GithubCodeHost } from "../../adapters/github/github-code-host.ts";
import type { GithubPlace } from "../../adapters/github/github-tokens.ts";
import type { CodeHost } from "../../ports/code-host.ts";
import type { CliContext } from "../cli/context.ts";
import { quietLog } from "./log.ts";

export interface ActionForge {
  readonly host: CodeHost;
  readonly findRequest: (head: ForkHead) => Promise<number | undefined>;
}

/** The forge that a workflow runs on, by what the runner says of it. */
export function openActionForge(context: CliContext, place: GithubPlace, token: string): ActionForge {
  context.redactor.remember(token);
  const host = new GithubCodeHost({ ...place, auth: { kind: "token", token: () => token }, log: quietLog(context) });
  return { host, findRequest: (head) => findRequestNumber(place, token, head) };
}

export { openCheckout } from "../../adapters/checkout/open-checkout.ts";
