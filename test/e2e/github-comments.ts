/** As much of GitHub's API as comments need: a server that remembers what it was asked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: { readonly body?: string };
}

export interface CommentServer {
  readonly url: string;
  readonly requests: readonly ApiRequest[];
  /** Bodies of the comments on the pull request, as they are now. */
  readonly comments: readonly string[];
  close(): Promise<void>;
}

/** Whom a workflow's token comments as. */
const actionsBot = { login: "github-actions[bot]", type: "Bot" };

/** `head`: of the one open pull request, number 7 of acme/fleet. */
export async function serveComments(head: { readonly ref: string; readonly sha: string }): Promise<CommentServer> {
  const requests: ApiRequest[] = [];
  const comments: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      const text = Buffer.concat(chunks).toString();
      const body = (text === "" ? {} : JSON.parse(text)) as { body?: string };
      requests.push({ method, url, authorization: request.headers.authorization, body });
      const issue = "/repos/acme/fleet/issues";
      let answer: unknown;
      let status = 200;
      if (method === "GET" && url.startsWith("/repos/acme/fleet/pulls?")) answer = [{ number: 7, head }];
      else if (method === "GET" && url.startsWith(`${issue}/7/comments`))
        answer = comments.map((text, id) => ({ id, body: text, user: actionsBot, author_association: "NONE" }));
      else if (method === "POST" && url === `${issue}/7/comments`) {
        status = 201;
        answer = { id: comments.push(body.body ?? "") - 1, body: body.body };
      } else if (method === "PATCH" && url.startsWith(`${issue}/comments/`)) {
        const id = Number(url.slice(url.lastIndexOf("/") + 1));
        comments[id] = body.body ?? "";
        answer = { id, body: body.body };
      } else status = 404;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { message: "Not Found" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    comments,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
