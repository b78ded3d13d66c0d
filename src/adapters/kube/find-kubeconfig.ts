/** In which kubeconfig file a context is, of those that kubectl would read. */
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { SluiceError } from "../../model/problem.ts";

/** `$KUBECONFIG`, a list, else `~/.kube/config`. Throws NOT_FOUND, with the contexts that there are. */
export async function findKubeconfig(
  context: string,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<string> {
  const named = (env.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  const files = named.length > 0 ? named : [join(home, ".kube", "config")];
  const known: string[] = [];
  for (const file of files) {
    const contexts = contextsIn(await readFile(file, "utf8").catch(() => ""));
    if (contexts.includes(context)) return file;
    known.push(...contexts);
  }
  throw new SluiceError({
    code: "NOT_FOUND",
    message: `${files.join(", ")} ${files.length === 1 ? "has" : "have"} no context ${context}`,
    hint: known.length === 0 ? "Name a file with --kubeconfig." : `There are: ${known.join(", ")}`,
  });
}

/** None where it can't be read: whoever asks for its context is told so by the reader of the whole. */
function contextsIn(text: string): readonly string[] {
  try {
    const config = parse(text, { logLevel: "error" }) as {
      readonly contexts?: readonly { readonly name?: unknown }[];
    } | null;
    return (config?.contexts ?? []).map(({ name }) => String(name));
  } catch {
    return [];
  }
}
