// Bundles what Segment's snippet loads: an adapter to our own script, with nothing of it inside.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * The file, as `GET /analytics.js/v1/KEY/analytics.min.js` serves it, but for CLICK_PARAM.
 *
 * @returns {Promise<Buffer>}
 */
export async function bundleSegmentScript() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/site/script/segment/index.ts", import.meta.url))],
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}
