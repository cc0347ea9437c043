import { describe, expect, it } from "vitest";
import type { EventRow } from "../../src/log/event.ts";
import { judgeSiteEvent, siteTraceOf } from "../../src/traffic/site-event.ts";
import { fact } from "../support/traffic-facts.ts";
import { ORDINARY_CLICK } from "../support/traffic-hits.ts";

const BROWSER = {
  userAgent: ORDINARY_CLICK.userAgent,
  headers: ORDINARY_CLICK.headers,
  tls: 1,
  ip: "192.0.2.0",
};
const page = visit({ type: "page", name: "page_view" }, -1000);

describe("judgeSiteEvent", () => {
  it.each<[string, Partial<EventRow>, string, string, string[]]>([
    ["an ordinary event", {}, "human", "high", []],
    [
      "a declared bot",
      { context: { ...BROWSER, userAgent: "Googlebot/2.1" } },
      "machine",
      "high",
      ["declared_bot"],
    ],
    [
      "webdriver alone",
      { context: { ...BROWSER, webdriver: true } },
      "human",
      "low",
      ["webdriver"],
    ],
    [
      "webdriver from a data centre",
      { context: { ...BROWSER, webdriver: true, network: "hosting" } },
      "machine",
      "low",
      ["hosting_network", "webdriver"],
    ],
    [
      "two signals of one category are one witness",
      { context: { ...BROWSER, headers: { "accept-language": "en" } } },
      "human",
      "low",
      ["no_client_hints", "no_fetch_metadata"],
    ],
    [
      "no browser headers, but no TLS either",
      { context: { ...BROWSER, headers: {}, tls: 0 } },
      "human",
      "high",
      [],
    ],
    ["no user agent known", { context: { tls: 1, ip: "192.0.2.0" } }, "human", "high", []],
    [
      "a purchase that nothing was touched for",
      { name: "purchase", context: { ...BROWSER, interacted: false } },
      "human",
      "low",
      ["no_interaction"],
    ],
    [
      "a scroll before any touch",
      { name: "scroll", context: { ...BROWSER, interacted: false } },
      "human",
      "high",
      [],
    ],
    [
      "an empty trap and a slow hand",
      { name: "form_submit", properties: { form_ms: 5000, form_honeypot: false } },
      "human",
      "high",
      [],
    ],
    [
      "a form filled in no time, by a webdriver",
      {
        name: "form_submit",
        context: { ...BROWSER, webdriver: true },
        properties: { form_ms: 80 },
      },
      "machine",
      "low",
      ["quick_form", "webdriver"],
    ],
    [
      "a server's event, whatever its user agent",
      { source: "server", context: { userAgent: "python-requests/2.31" } },
      "human",
      "high",
      [],
    ],
  ])("%s", (_says, known, verdict, certainty, signals) => {
    const judged = judgeSiteEvent(visit(known), "e", [siteTraceOf(page, "page")]);
    expect(judged).toMatchObject({ verdict, certainty });
    expect(judged.reasons.map(({ signal }) => signal)).toEqual(signals);
  });

  it("doubts a visitor without any page, unless one comes within the minute", () => {
    const early = siteTraceOf(visit({ type: "page" }, 50_000), "page");
    const late = siteTraceOf(visit({ type: "page" }, 90_000), "page");
    expect(signalsOf(judgeSiteEvent(visit(), "e", []))).toEqual(["no_page_before"]);
    expect(signalsOf(judgeSiteEvent(visit(), "e", [late]))).toEqual(["no_page_before"]);
    expect(signalsOf(judgeSiteEvent(visit(), "e", [early]))).toEqual([]);
    expect(signalsOf(judgeSiteEvent(visit({ type: "identify" }), "e", []))).toEqual([]);
  });

  it("doubts more than 60 events a minute of one visitor", () => {
    const others = (count: number) =>
      Array.from({ length: count }, (_, n) => siteTraceOf(visit({ type: "page" }, n), `p${n}`));
    expect(signalsOf(judgeSiteEvent(visit(), "e", others(59)))).toEqual([]);
    expect(signalsOf(judgeSiteEvent(visit(), "e", others(60)))).toEqual(["visitor_rate"]);
  });

  it("doubts more than 10 visitors a minute of one address and browser", () => {
    const others = (count: number) =>
      Array.from({ length: count }, (_, n) =>
        siteTraceOf(visit({ type: "page", anonymous_id: `v${n}` }, n), `p${n}`),
      );
    const own = siteTraceOf(page, "page");
    expect(signalsOf(judgeSiteEvent(visit(), "e", [own, ...others(9)]))).toEqual([]);
    expect(signalsOf(judgeSiteEvent(visit(), "e", [own, ...others(10)]))).toEqual(["device_rate"]);
  });

  it("doubts a visitor whose every event was sent minutes before it came", () => {
    const skewed = { sent_at: 0, received_at: 400_000, type: "page" } as const;
    const others = [siteTraceOf(visit(skewed, 1), "p1"), siteTraceOf(visit(skewed, 2), "p2")];
    const prompt = siteTraceOf(visit({ type: "page" }, 3), "p3");
    expect(signalsOf(judgeSiteEvent(visit(skewed), "e", others))).toEqual(["always_skewed"]);
    expect(signalsOf(judgeSiteEvent(visit(skewed), "e", [...others, prompt]))).toEqual([]);
    expect(signalsOf(judgeSiteEvent(visit(skewed), "e", others.slice(1)))).toEqual([]);
  });
});

function visit(known: Partial<EventRow> = {}, at = 0): EventRow {
  return fact(1, "e", at, {
    source: "site",
    type: "track",
    name: "add_to_cart",
    anonymous_id: "v",
    context: BROWSER,
    ...known,
  });
}

function signalsOf({ reasons }: { reasons: readonly { signal: string }[] }): string[] {
  return reasons.map(({ signal }) => signal);
}
