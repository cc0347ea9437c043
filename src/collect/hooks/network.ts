import { AppError } from "../../lib/errors.ts";
import { createRecentCache } from "../../lib/recent-cache.ts";
import type { HookNetwork } from "./define.ts";

const TIMEOUT_MS = 5000;
const MOST_CERTIFICATES = 20;
const LONGEST_CERTIFICATE = 100_000;

/** The part of `fetch` that webhooks need; tests bring their own. */
export type Fetch = (
  url: string,
  init: { readonly redirect: "error"; readonly signal: AbortSignal },
) => Promise<Response>;

/**
 * Fetches certificates, each once, and confirms subscriptions. A redirect is an error: the address was checked,
 * not where it would lead.
 */
export function createHookNetwork(fetch: Fetch): HookNetwork {
  const certificates = createRecentCache<string>(MOST_CERTIFICATES);
  return {
    async fetchCertificate(url) {
      const known = certificates.get(url);
      if (known !== undefined) return known;
      const text = await fetchText(fetch, url);
      if (text.includes("BEGIN CERTIFICATE") && text.length < LONGEST_CERTIFICATE) {
        certificates.set(url, text);
      }
      return text;
    },
    async confirm(url) {
      await fetchText(fetch, url);
    },
  };
}

/** Both addresses come from the provider: when they do not answer it is asked to send again. */
async function fetchText(fetch: Fetch, url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return await response.text();
    throw new Error(`It answered ${response.status}.`);
  } catch (cause) {
    throw new AppError("provider_unreachable", 503, `${new URL(url).host} cannot be reached.`, {
      hint: "Let this service reach it, then have the provider send again.",
      retryAfterS: 60,
      cause,
    });
  }
}
