import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../src/site/script", import.meta.url));

async function gzippedBytes(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "").length;
}

describe("the site script", () => {
  it("has a core of at most 2.5 kB", async () => {
    const core = `import { startCore } from "./core.ts";
      startCore({ base: "/", key: "k", clickParam: "jt", respectsPrivacy: false }).watchPages();`;
    expect(await gzippedBytes(core)).toBeLessThanOrEqual(2500);
  });

  it("has at most 4 kB with every trigger", async () => {
    expect(await gzippedBytes('import "./index.ts";')).toBeLessThanOrEqual(4000);
  });
});
