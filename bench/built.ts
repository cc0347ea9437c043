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

/** What reads the body of a collection request, as it ships. */
export interface BuiltCollectBody {
  readonly readCollectBody: typeof import("../src/collect/body.ts").readCollectBody;
  readonly parseJson: typeof import("../src/lib/json.ts").parseJson;
}

/** Loads it from `dist/`. */
export async function loadCollectBody(): Promise<BuiltCollectBody> {
  const load = async (file: string) => import(new URL(`../dist/${file}`, import.meta.url).href);
  return { ...(await load("collect/body.js")), ...(await load("lib/json.js")) };
}
