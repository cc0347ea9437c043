// Builds dist/: the service (tsc) and the browser script (esbuild).
// With --if-stale it does nothing while dist/ is newer than every source, so that `npm start` is quick.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamp = path.join(root, "dist", ".built");
const sources = [
  "src",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build.mjs",
  "scripts/site-script.mjs",
  "scripts/segment-script.mjs",
];

if (process.argv.includes("--if-stale") && existsSync(stamp) && !isStale()) process.exit(0);
await build();

function isStale() {
  const builtAt = statSync(stamp).mtimeMs;
  return sources.some((source) => newestIn(path.join(root, source)) > builtAt);
}

function newestIn(file) {
  if (!existsSync(file)) return 0;
  const { mtimeMs } = statSync(file);
  if (!statSync(file).isDirectory()) return mtimeMs;
  return readdirSync(file).reduce(
    (newest, name) => Math.max(newest, newestIn(path.join(file, name))),
    mtimeMs,
  );
}

async function build() {
  const require = createRequire(import.meta.url);
  const tsc = resolveCompiler(require);
  const result = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  // npx does so the first time only: in a folder that it has run from before, a new dist/ would be refused.
  chmodSync(path.join(root, "dist/cli.js"), 0o755);
  await buildSiteScript();
  writeFileSync(stamp, "");
}

function resolveCompiler(require) {
  try {
    return require.resolve("typescript/bin/tsc");
  } catch {
    console.error(
      "clicktrail: the sources are newer than dist/, and the compiler is not installed.\n" +
        "Run `npm ci` (without --omit=dev), or copy a dist/ that was built from these sources.",
    );
    process.exit(1);
  }
}

async function buildSiteScript() {
  const { bundleSiteScript } = await import("./site-script.mjs");
  for (const [name, bytes] of await bundleSiteScript()) {
    writeFileSync(path.join(root, "dist/site", name), bytes);
  }
  const { bundleSegmentScript } = await import("./segment-script.mjs");
  writeFileSync(path.join(root, "dist/site/analytics.min.js"), await bundleSegmentScript());
}
