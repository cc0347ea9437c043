import { createReadStream } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import { PACKAGES } from "./installed.ts";

/** Where a site serves a client's own files, unbundled. */
const VENDOR = "/vendor/";

/** A site whose pages carry one client. */
export interface ClientSite {
  readonly port: number;
  close(): Promise<void>;
}

interface SiteOptions {
  readonly program: string;
  /** Read by the program as `window.test`. */
  readonly settings: object;
}

/** Serves one page on every path but `/elsewhere`, with the program bundled as a user's build would. */
export async function startClientSite({ program, settings }: SiteOptions): Promise<ClientSite> {
  const script = await bundle(program);
  const page = `<!doctype html><title>Shop</title>
    <script>window.test = ${JSON.stringify(settings)}</script>
    <script src="/program.js"></script><a href="/elsewhere">Elsewhere</a>`;
  const server = createServer((req, res) => {
    const { url = "" } = req;
    const isScript = url.endsWith(".js");
    res.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    if (url.startsWith(VENDOR))
      createReadStream(path.join(PACKAGES, url.slice(VENDOR.length))).pipe(res);
    else if (isScript) res.end(script);
    else res.end(url === "/elsewhere" ? "<h1>Elsewhere</h1>" : page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: portOf(server), close: () => close(server) };
}

async function bundle(program: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, "programs", `${program}.mjs`)],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"', global: "window" },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

function portOf(server: Server): number {
  const address: AddressInfo = Object(server.address());
  return address.port;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
