// Bundles what Segment's snippet loads: an adapter to our own script, with nothing of it inside but the queue.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../src/site/script/segment/", import.meta.url));

/** The script's tag says where to send to, and here that is the snippet's. */
const tagOfSnippet = {
  name: "tag-of-snippet",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/tag\.ts$/ }, () => ({ path: `${folder}tag.ts` })),
};

/**
 * The file, as `GET /analytics.js/v1/KEY/analytics.min.js` serves it, but for CLICK_PARAM.
 *
 * @returns {Promise<Buffer>}
 */
export async function bundleSegmentScript() {
  const { outputFiles } = await build({
    entryPoints: [`${folder}index.ts`],
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2021",
    legalComments: "none",
    // Where there is no tag to read, the page must not be told.
    banner: { js: "try{" },
    footer: { js: "}catch{}" },
    plugins: [tagOfSnippet],
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}
