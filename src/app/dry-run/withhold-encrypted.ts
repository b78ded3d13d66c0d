/**
 * For changes that nobody trusts: no program runs and no key is used, so encrypted documents are taken to hold nothing. Both
 * sides of a dry run are read so, and what differs is what else changed.
 */
import { parseAllDocuments } from "yaml";
import type { Decrypter } from "../../ports/encrypter.ts";

export const withholdEncrypted: Decrypter = {
  decrypt: async (text) => {
    const documents = parseAllDocuments(text);
    if ("empty" in documents) return "";
    for (const document of documents) for (const key of ["data", "stringData", "sops"]) document.delete(key);
    return documents.map(String).join("");
  },
};
