import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeptCopies, type KeptCopies } from "../../src/lib/kept-copy.ts";

describe("a kept copy", () => {
  let folder: string;
  let copies: KeptCopies;
  const errors: unknown[] = [];

  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(os.tmpdir(), "clicktrail-kept-")), "kept");
    errors.length = 0;
    copies = open();
  });
  afterEach(() => rm(path.dirname(folder), { recursive: true, force: true }));

  const open = () => createKeptCopies(folder, (error) => errors.push(error));

  it("gives the next run what was written last, of several the newest", async () => {
    expect(await copies.of("links").read()).toBeUndefined();
    const links = copies.of("links");
    for (const version of [1, 2, 3]) links.write(() => [[version, "é\n"], { version }]);
    copies.of("opens").write(() => []);
    await copies.settle();
    expect(await open().of("links").read()).toEqual([[3, "é\n"], { version: 3 }]);
    expect(await open().of("opens").read()).toEqual([]);
    expect((await stat(path.join(folder, "links.ndjson"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["links.ndjson", "opens.ndjson"]);
    expect(errors).toEqual([]);
  });

  it("writes a large one in pieces, and stays whole when the next one cannot be made", async () => {
    const rows = Array.from({ length: 50_000 }, (_, at) => [at, "contact"]);
    const links = copies.of("links");
    links.write(() => rows);
    await copies.settle();
    links.write(function* () {
      yield* rows.slice(0, 30_000);
      throw new Error("no room");
    });
    await copies.settle();
    expect(errors).toEqual([new Error("no room")]);
    expect(await open().of("links").read()).toEqual(rows);
    expect(await readdir(folder)).toEqual(["links.ndjson"]);
  });

  it("says that it could not be written, and is when it can", async () => {
    let isFull = true;
    const links = copies.of("links");
    links.write(function* () {
      if (isFull) throw new Error("no room");
      yield 1;
    });
    await expect(links.settle()).rejects.toThrow("no room");
    isFull = false;
    await links.settle();
    expect(await open().of("links").read()).toEqual([1]);
  });

  it.each([
    ["was cut", '{"format":1}\n[1,"a"]\n[2,'],
    ["is of another release", '{"format":99}\n[1]\n'],
    ["is something else", "[]\n"],
  ])("takes a file that %s for none", async (_what, text) => {
    copies.of("links").write(() => []);
    await copies.settle();
    await writeFile(path.join(folder, "links.ndjson"), text);
    expect(await open().of("links").read()).toBeUndefined();
  });
});
