import type { CampaignView, LinkView } from "../../email/campaign-views.ts";
import { AppError } from "../../lib/errors.ts";

/** The fields of a form that changes a link or a campaign, as they were typed. */
export interface SettingsForm {
  /** Of a link; empty on a campaign's form. */
  destination: string;
  stopped: boolean;
  /** As `datetime-local` writes it, meant as UTC; empty: never. */
  expires: string;
  fallback: string;
  error: string;
}

/** A form that shows what is in force. */
export function toForm(
  settings: Pick<LinkView, "stopped" | "expires_at" | "fallback">,
  destination = "",
): SettingsForm {
  return {
    destination,
    stopped: settings.stopped,
    expires: settings.expires_at?.slice(0, 19) ?? "",
    fallback: settings.fallback ?? "",
    error: "",
  };
}

/** What was typed. */
export function readForm(form: URLSearchParams): SettingsForm {
  const text = (name: string) => (form.get(name) ?? "").trim();
  return {
    destination: text("destination"),
    stopped: form.has("stopped"),
    expires: text("expires"),
    fallback: text("fallback"),
    error: "",
  };
}

/** The same as a body of the API: an empty field undoes. */
export function toChanges({ stopped, expires, fallback }: SettingsForm): Record<string, unknown> {
  return { stopped, expires_at: toUtc(expires), fallback: fallback === "" ? null : fallback };
}

/** Of a link also its destination: none, or that of the mail, undoes an edit. */
export function toLinkChanges(form: SettingsForm, url: string): Record<string, unknown> {
  const isOriginal = form.destination === "" || form.destination === url;
  return { ...toChanges(form), destination: isOriginal ? null : form.destination };
}

/** What was wrong, beside what was typed; anything that is no mistake of the form goes on. */
export function withError(form: SettingsForm, error: unknown): SettingsForm {
  if (!(error instanceof AppError) || error.status >= 500 || error.status === 404) throw error;
  return { ...form, error: error.errors[0]?.message ?? error.message };
}

/** Browsers leave out seconds that are 0. */
function toUtc(local: string): string | null {
  if (local === "") return null;
  return `${local.length === 16 ? `${local}:00` : local}Z`;
}

/** The states that a list tells apart, in a word; empty while the link or campaign is in service. */
export function stateOf(
  { stopped, expires_at: at }: Pick<CampaignView, "stopped" | "expires_at">,
  now: number,
): string {
  if (stopped) return "stopped";
  if (at === null) return "";
  return Date.parse(at) <= now ? "expired" : "expires";
}
