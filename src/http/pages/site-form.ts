import { AppError } from "../../lib/errors.ts";
import { validate } from "../../lib/validate.ts";
import { newSiteSchema } from "../../site/routes.ts";
import type { PageDeps } from "./deps.ts";

/** The form that makes a site, and the script tag once it has. */
export interface SiteForm {
  name: string;
  hosts: string;
  error: string;
  /** To be copied into the site; empty until one was made. */
  tag: string;
}

export function emptySiteForm(): SiteForm {
  return { name: "", hosts: "", error: "", tag: "" };
}

/** Makes a site from a form; what was wrong comes back beside what was typed. */
export async function createSiteFromForm(
  deps: PageDeps,
  workspaceId: number,
  form: URLSearchParams,
): Promise<SiteForm> {
  const name = (form.get("name") ?? "").trim();
  const hosts = form.get("hosts") ?? "";
  try {
    const list = hosts.split(/[\s,;]+/).filter((host) => host !== "");
    const site = validate(newSiteSchema, { name, hosts: list }, { what: "form" });
    const { write_key: writeKey } = await deps.createSite(workspaceId, site);
    return { name, hosts, error: "", tag: scriptTag(deps, writeKey) };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    return { name, hosts, error: error.errors[0]?.message ?? error.message, tag: "" };
  }
}

/** What the script looks for where its tag says nothing else. */
const SCRIPT_PARAM = "jt";

/**
 * What a site puts into its pages: the script, and a pixel for browsers without JavaScript. The pixel's
 * visitor is nobody: all of these browsers would be one.
 */
export function scriptTag(
  { access, clickParam }: Pick<PageDeps, "access" | "clickParam">,
  writeKey: string,
): string {
  const base = access.baseUrl.replace(/\/$/, "");
  const param = clickParam === SCRIPT_PARAM ? "" : ` data-click-param="${clickParam}"`;
  const pixel = `${base}/pixel/v1/page?writeKey=${writeKey}&amp;anonymousId=anonymous`;
  return [
    `<script async src="${base}/t.js" data-key="${writeKey}"${param}></script>`,
    `<noscript><img src="${pixel}" alt="" width="1" height="1" referrerpolicy="no-referrer-when-downgrade"></noscript>`,
  ].join("\n");
}
