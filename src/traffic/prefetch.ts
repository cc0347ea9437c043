import type { Agent, Hit, Reason, VerdictName } from "./define.ts";

/** A verdict that no signal can change: software that says what it is. */
export interface Settled {
  readonly verdict: VerdictName;
  readonly certainty: "high" | "low";
  readonly reason: Reason;
}

/** What each reason that settles a hit means, for people. */
export const SETTLED_TEXTS = {
  prefetch_header: "Fetched ahead by a browser, as its headers say",
  unfurl: "A preview drawn under a link in a chat or post",
  apple_mpp: "Apple Mail, which fetches every image, read or not",
  gmail_prefetch: "Gmail fetching images ahead",
  image_proxy: "A person behind the image proxy of a mail service",
} as const;

const PURPOSE_HEADERS = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
const PURPOSE = /prefetch|prerender|preview/i;

/** Draws the little card under a link that somebody pasted into a chat or a post. */
const UNFURLERS =
  /slackbot|slack-imgproxy|skypeuripreview|whatsapp|telegrambot|discordbot|facebookexternalhit|linkedinbot|twitterbot|iframely|embedly|bingpreview|mattermost|viber|snapchat|redditbot|google-pagerenderer|applebot.*preview|microsoft teams/i;

/** Gmail fetches images ahead under this agent; it was never seen on a real open. */
const GMAIL_PREFETCH = /Chrome\/42\.0\.2311\.135 Safari\/537\.36 Edge\/12\.246 Mozilla\/5\.0$/;

/**
 * Settles the hits that name themselves: prefetches and previews by header, link unfurlers, and the
 * image fetchers of mailbox providers. Asked before any signal, because bot lists know some of them.
 */
export function settleByName(hit: Hit, agent: Agent): Settled | undefined {
  const header = PURPOSE_HEADERS.find((name) => PURPOSE.test(hit.headers[name] ?? ""));
  if (header !== undefined) {
    const said = `fetched ahead of the reader (${header}: ${hit.headers[header]})`;
    return settle("prefetch", "high", "prefetch_header", said);
  }
  const text = agent.text ?? "";
  const unfurler = UNFURLERS.exec(text)?.[0];
  if (unfurler !== undefined) {
    return settle("prefetch", "high", "unfurl", `drew a preview of the link (${unfurler})`);
  }
  return hit.kind === "open" ? settleOpen(text, agent.proxy) : undefined;
}

function settleOpen(text: string, proxy: string | null): Settled | undefined {
  // Apple Mail Privacy Protection fetches every image, read or not, under this bare agent.
  if (text === "Mozilla/5.0") {
    return settle("prefetch", "high", "apple_mpp", "Apple Mail fetches every image, read or not");
  }
  if (GMAIL_PREFETCH.test(text)) {
    return settle("prefetch", "high", "gmail_prefetch", "Gmail fetched it ahead of the reader");
  }
  if (proxy === null) return undefined;
  return settle("human", "low", "image_proxy", `a person behind ${proxy}, device unknown`);
}

function settle(
  verdict: VerdictName,
  certainty: "high" | "low",
  signal: keyof typeof SETTLED_TEXTS,
  detail: string,
): Settled {
  return { verdict, certainty, reason: { signal, weight: 0, detail } };
}
