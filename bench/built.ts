import type { RewriteOptions } from "../src/email/rewrite/options.ts";

/** The email modules as they ship. `tsx` names every closure when it is made, which slows these by a third. */
export interface BuiltEmail {
  readonly rewriting: typeof import("../src/email/rewrite/rewrite.ts");
  /** The defaults. */
  readonly options: RewriteOptions;
  readonly tokens: typeof import("../src/email/tokens.ts");
  readonly keyring: typeof import("../src/lib/keyring.ts");
}

/** Loads them from `dist/`, which `npm run bench` builds first. */
export async function loadBuiltEmail(): Promise<BuiltEmail> {
  const load = async (file: string) => import(new URL(`../dist/${file}`, import.meta.url).href);
  return {
    rewriting: await load("email/rewrite/rewrite.js"),
    options: (await load("email/rewrite/options.js")).rewriteOptionsSchema.parse({}),
    tokens: await load("email/tokens.js"),
    keyring: await load("lib/keyring.js"),
  };
}

/** The service's own way from the socket to a parsed batch, as it ships. */
export interface BuiltCollectDoor {
  readonly listen: typeof import("../src/http/listen.ts").listen;
  readonly setCommonHeaders: typeof import("../src/http/security.ts").setCommonHeaders;
  readonly allowAnyOrigin: typeof import("../src/collect/cors.ts").allowAnyOrigin;
  readonly readCollectBody: typeof import("../src/collect/body.ts").readCollectBody;
  readonly parseJson: typeof import("../src/lib/json.ts").parseJson;
}

/** Loads it from `dist/`. */
export async function loadCollectDoor(): Promise<BuiltCollectDoor> {
  const load = async (file: string) => import(new URL(`../dist/${file}`, import.meta.url).href);
  return {
    ...(await load("http/listen.js")),
    ...(await load("http/security.js")),
    ...(await load("collect/cors.js")),
    ...(await load("collect/body.js")),
    ...(await load("lib/json.js")),
  };
}

/** What the service is put together from, as it ships. */
export interface BuiltService {
  readonly config: typeof import("../src/lib/config.ts");
  readonly storage: typeof import("../src/storage.ts");
  readonly parts: typeof import("../src/parts.ts");
  readonly listener: typeof import("../src/listener.ts");
  readonly server: {
    readonly listen: typeof import("../src/http/listen.ts").listen;
    readonly log: import("../src/lib/log-lines.ts").Logger;
    readonly metrics: import("../src/lib/metrics.ts").Metrics;
  };
}

/** Loads it from `dist/`. */
export async function loadService(): Promise<BuiltService> {
  const load = async (file: string) => import(new URL(`../dist/${file}`, import.meta.url).href);
  const { listen } = await load("http/listen.js");
  const { createLogger } = await load("lib/log-lines.js");
  const { createMetrics } = await load("lib/metrics.js");
  return {
    config: await load("lib/config.js"),
    storage: await load("storage.js"),
    parts: await load("parts.js"),
    listener: await load("listener.js"),
    server: { listen, log: createLogger("warn"), metrics: createMetrics() },
  };
}
