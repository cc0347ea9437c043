import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleSiteScript } from "../../scripts/site-script.mjs";

const folder = new URL("../../src/site/script", import.meta.url).pathname;

describe("the site script", () => {
  let sizes: Map<string, number>;
  beforeAll(async () => {
    const files = await bundleSiteScript();
    sizes = new Map([...files].map(([name, bytes]) => [name, gzipSync(bytes).length]));
  });

  it("has a core of at most 2.5 kB", async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { startCore } from "./core.ts";
          startCore({ folder: "/", writeKey: "k", clickId: "c", isAutomatic: true });`,
        resolveDir: folder,
        loader: "ts",
      },
      bundle: true,
      minify: true,
      format: "iife",
      target: "es2020",
      write: false,
    });
    expect(gzipSync(outputFiles[0]?.contents ?? "").length).toBeLessThanOrEqual(2500);
  });

  it("has at most 4 kB with everything that a page gets without asking", () => {
    expect(sizes.get("t.js")).toBeLessThanOrEqual(4000);
  });

  /** Loaded beside it, and only where a page has published triggers, a player, or asks for consent. */
  it.each([
    ["t.triggers.js", 1300],
    ["t.video.js", 1000],
    ["t.consent.js", 450],
  ])("loads %s where it is needed, at most %i bytes", (name, most) => {
    expect(sizes.get(name)).toBeLessThanOrEqual(most);
  });
});
