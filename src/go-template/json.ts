/**
 * JSON as templates are given it: an integer literal is a `bigint`, any other number a `number`, because `3` and `3.0` are
 * different values to a template; objects are Maps, without a prototype that a key such as `__proto__` could reach.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;
