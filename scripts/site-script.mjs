// Bundles the script that sites load, and its modules: files that it loads where a page needs them.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../src/site/script/", import.meta.url));

/**
 * Properties that only the script's own files know of, none of them a name of the browser or the wire, and what
 * they are called when bundled: the same in every file, or a module would look for what is not there.
 */
const INTERNAL = {
  signals: "l",
  leaving: "i",
  observe: "e",
  notice: "n",
  clickId: "t",
  folder: "u",
  writeKey: "f",
  isAutomatic: "v",
  enqueue: "d",
  api: "a",
  listen: "m",
  report: "s",
  preview: "r",
  flush: "o",
};

/**
 * The files by name, as `GET /t.js` and `GET /t.<module>.js` serve them.
 *
 * @returns {Promise<Map<string, Buffer>>}
 */
export async function bundleSiteScript() {
  const modules = ["triggers", "video", "consent", "preview"];
  const { outputFiles } = await build({
    entryPoints: [
      { in: path.join(folder, "index.ts"), out: "t" },
      ...modules.map((name) => ({ in: path.join(folder, `modules/${name}.ts`), out: `t.${name}` })),
    ],
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    // Modules are imported; the script itself is put into a function below.
    format: "esm",
    target: "es2020",
    mangleProps: new RegExp(`^(${Object.keys(INTERNAL).join("|")})$`),
    mangleCache: INTERNAL,
    legalComments: "none",
  });
  return new Map(
    outputFiles.map(({ path: file, text }) => {
      const name = path.basename(file);
      const source = name === "t.js" ? `(()=>{${text.trim()}})();\n` : text;
      return [name, Buffer.from(source)];
    }),
  );
}
