import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { assetUrl } from "../../src/http/assets.ts";

const sizeOf = (name: string): number =>
  gzipSync(readFileSync(new URL(`../../templates/assets/${name}`, import.meta.url)), { level: 9 })
    .length;

describe("the pages' own files", () => {
  it("stay small: 8 KB of style and 3 KB of script, gzipped", () => {
    expect(sizeOf("app.css")).toBeLessThanOrEqual(8192);
    expect(sizeOf("app.js")).toBeLessThanOrEqual(3072);
  });

  it("carry a hash in their name", () => {
    expect(assetUrl("app.css")).toMatch(/^\/assets\/app\.[0-9a-f]{12}\.css$/);
  });
});
