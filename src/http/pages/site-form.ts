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
    return { name, hosts, error: "", tag: scriptTag(deps.access.baseUrl, writeKey) };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    return { name, hosts, error: error.errors[0]?.message ?? error.message, tag: "" };
  }
}

function scriptTag(baseUrl: string, writeKey: string): string {
  const address = new URL("/t.js", baseUrl).href;
  return `<script async src="${address}" data-key="${writeKey}"></script>`;
}
