import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

it("is a program by itself, as npx runs it", () => {
  const help = execFileSync(path.join(ROOT, "dist/cli.js"), ["--help"], { encoding: "utf8" });
  expect(help).toContain("Usage: clicktrail");
});
