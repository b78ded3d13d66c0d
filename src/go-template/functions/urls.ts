/** Sprig's urlParse and urlJoin: URLs as dicts. */
import { type GoArgument, type GoObject, type GoValue, kindOf } from "../value.ts";
import { ofByteText, toByteText } from "./byte-text.ts";
import { emptyUrl, hostnameOf, parseUrl, urlToString, userinfoText } from "./go-url.ts";
import { define, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";

/** Runs what parses, with Sprig's words in front of its error. */
function explaining<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GoFunctionError) throw new GoFunctionError(`unable to parse ${what}: ${error.message}`);
    throw error;
  }
}

/** Byte by byte, and into several texts: several times the work of reading it. */
const parsingPerByte = 4;

function urlParse(context: FunctionContext, text: string): GoValue {
  context.chargeBytes(parsingPerByte * text.length);
  const url = explaining("url", () => parseUrl(toByteText(text)));
  const parts = {
    scheme: url.scheme,
    host: url.host,
    hostname: hostnameOf(url),
    path: url.path,
    query: url.query,
    opaque: url.opaque,
    fragment: url.fragment,
    userinfo: url.user === undefined ? "" : userinfoText(url.user),
  };
  return new Map(Object.entries(parts).map(([name, part]) => [name, ofByteText(part)]));
}

function urlJoin(_: FunctionContext, parts: GoObject | null): string {
  const part = (name: string): string => {
    const value = (parts?.get(name) ?? null) as GoArgument;
    if (typeof value === "string") return toByteText(value);
    if (!parts?.has(name)) return "";
    if (value === null) throw new GoFunctionError("runtime error: invalid memory address or nil pointer dereference");
    throw new GoFunctionError(`unable to parse ${name} key, must be of type string, but ${kindOf(value)} found`);
  };
  const url = emptyUrl();
  url.scheme = part("scheme");
  url.host = part("host");
  url.path = part("path");
  url.query = part("query");
  url.opaque = part("opaque");
  url.fragment = part("fragment");
  const userinfo = part("userinfo");
  if (userinfo !== "") url.user = explaining("userinfo in dict", () => parseUrl(`proto://${userinfo}@host`)).user;
  return ofByteText(urlToString(url));
}

export const urlFunctions: FunctionTable = {
  urlParse: define(["string"], urlParse),
  urlJoin: define(["map"], urlJoin),
};
