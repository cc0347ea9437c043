import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleSiteScript } from "../../scripts/site-script.mjs";
import { describeFiles } from "../../src/site/script-file.ts";
import { describeSettings } from "../../src/site/settings.ts";

/** Bytes after gzip. The panel of a preview loads in previews only. */
describe("the site script", () => {
  let files: Map<string, Buffer>;
  beforeAll(async () => {
    files = await bundleSiteScript();
  });

  const sizeOf = (...names: string[]) =>
    names.reduce((sum, name) => sum + gzipSync(files.get(name) ?? "").length, 0);

  it("has a core of at most 2,560 bytes: the one file that every page loads", () => {
    expect(sizeOf("t.js")).toBeLessThanOrEqual(2560);
  });

  it("has at most 4,096 bytes with all of its modules", () => {
    expect([...files.keys()]).toEqual(["t.js", "t.more.js", "t.preview.js"]);
    expect(sizeOf("t.js", "t.more.js")).toBeLessThanOrEqual(4096);
  });

  it("asks for settings of at most 1,280 bytes when a site has no triggers of its own", () => {
    const site = { collects: "everything", triggers: [] } as const;
    const settings = JSON.stringify(describeSettings(site, describeFiles([...files]), true));
    expect(gzipSync(settings).length).toBeLessThanOrEqual(1280);
  });
});
