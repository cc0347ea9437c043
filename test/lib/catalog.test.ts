import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/lib/catalog.ts";

const isEntry = (value: unknown): value is { is: string } =>
  typeof value === "object" && value !== null && "is" in value;

describe("loadCatalog", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-catalog-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  const load = () => loadCatalog(pathToFileURL(`${folder}/`), isEntry);

  it("names entries by their files, in order, and passes over what a build leaves beside them", async () => {
    await write("second-one.js", "export default { is: 'second' };");
    await write("first.js", "export default { is: 'first' };");
    await write("first.js.map", "{}");
    await write("first.d.ts", "export {};");
    expect(await load()).toEqual([
      { name: "first", entry: { is: "first" } },
      { name: "second-one", entry: { is: "second" } },
    ]);
  });

  it("names the file that exports no entry", async () => {
    await write("broken.js", "export const is = 'not by default';");
    await expect(load()).rejects.toThrow("broken.js does not export an entry by default");
  });

  it("refuses an empty folder", async () => {
    await expect(load()).rejects.toThrow("is empty");
  });
});
