/** The schemas themselves: the program compiles them without checking them. */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, it } from "vitest";

const folder = new URL("../../schemas/", import.meta.url);

for (const name of readdirSync(folder)) {
  it(`${name} is valid JSON Schema, without unknown words`, () => {
    const ajv = new Ajv({ allowUnionTypes: true, formats: { uri: true } });
    ajv.addVocabulary(["x-hint"]);
    const schema = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
    expect(() => ajv.compile(schema)).not.toThrow();
  });
}
