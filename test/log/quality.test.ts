import { describe, expect, it } from "vitest";
import { createEvent, type EventRow } from "../../src/log/event.ts";
import { scoreQuality } from "../../src/log/quality.ts";
import { CHECKS, type Scored } from "../../src/log/quality-checks.ts";
import { findPii, holdsPii } from "../../src/log/quality-pii.ts";

const NOW = 1_767_607_200_000;

const PURCHASE: Partial<EventRow> = {
  user_id: "u-1",
  anonymous_id: "v-1",
  sent_at: NOW,
  url: "https://shop.test/thanks?utm_source=a&utm_medium=email&utm_campaign=c",
  context: { page: { title: "Thanks" } },
  properties: {
    transaction_id: "T-1",
    value: "12.50",
    currency: "EUR",
    items: [{ item_id: "1", price: 12.5 }],
  },
};

function score(event: Partial<EventRow> = {}, changes: Partial<Scored> = {}) {
  return scoreQuality({
    event: createEvent({
      workspace_id: 1,
      source_id: "s",
      event_id: "e",
      source: "site",
      type: "track",
      name: "purchase",
      occurred_at: NOW,
      received_at: NOW,
      ...PURCHASE,
      ...event,
    }),
    givenName: "purchase",
    correctedAt: NOW,
    imported: false,
    resolvesTo: "contact",
    planned: null,
    isDuplicate: false,
    ...changes,
  });
}

const properties = { ...PURCHASE.properties };

describe("scoreQuality", () => {
  it("gives a faultless purchase 100, with every check applied", () => {
    expect(score()).toEqual({ score: 100, failed: [], half: [], notApplicable: [] });
  });

  it("weighs 100 in all", () => {
    expect(Object.values(CHECKS).reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
  });

  it.each<[string, Partial<EventRow>, Partial<Scored>, string]>([
    ["an unknown name", { name: "blob" }, { givenName: "blob" }, "known_event"],
    ["no items", { properties: { ...properties, items: [] } }, {}, "required_params"],
    ["an unnamed item", { properties: { ...properties, items: [{}] } }, {}, "required_params"],
    ["a value in words", { properties: { ...properties, value: "ten" } }, {}, "param_types"],
    ["no currency", { properties: { ...properties, currency: "" } }, {}, "conditional_params"],
    ["a reserved name", {}, { givenName: "ga_purchase" }, "naming"],
    ["a name in capitals", {}, { givenName: "Purchase" }, "naming"],
    ["nobody", {}, { resolvesTo: "nobody" }, "identity_resolved"],
    ["a junk id", { user_id: "undefined" }, {}, "id_not_junk"],
    ["a clock 6 minutes off", { sent_at: NOW - 360_000 }, {}, "clock_skew"],
    ["the future", {}, { correctedAt: NOW + 60_001 }, "timestamp_plausible"],
    ["a day and more under way", {}, { correctedAt: NOW - 86_400_001 }, "delivery_latency"],
    ["a page without title", { context: {} }, {}, "page_context"],
    ["half a campaign", { url: "https://shop.test/?utm_source=a" }, {}, "campaign_complete"],
    ["a double", {}, { isDuplicate: true }, "not_duplicate"],
    ["an address in the URL", { url: "https://shop.test/?e=a%40b.test" }, {}, "no_pii"],
  ])("finds %s", (_case, event, changes, id) => {
    expect(score(event, changes).failed).toContain(id);
  });

  it("takes Segment's names of event and parameters", () => {
    const segment = { order_id: "1", revenue: 5, currency: "EUR", products: [{ product_id: "1" }] };
    expect(score({ properties: segment }, { givenName: "Order Completed" }).score).toBe(100);
  });

  it("gives a visitor half of the identity's weight", () => {
    expect(score({}, { resolvesTo: "visitor" })).toMatchObject({
      score: 95,
      failed: [],
      half: ["identity_resolved"],
    });
  });

  it("leaves out what can't apply: a server has no page", () => {
    const server = score({ source: "server", sent_at: null, url: null });
    expect(server).toMatchObject({
      score: 100,
      notApplicable: ["clock_skew", "page_context", "campaign_complete"],
    });
  });

  it("lets imported history be old", () => {
    const old = { correctedAt: NOW - 90 * 86_400_000 };
    expect(score({}, old).failed).toContain("timestamp_plausible");
    expect(score({}, { ...old, imported: true }).failed).toEqual(["delivery_latency"]);
  });

  it("rounds to whole points", () => {
    // The page can't apply and the campaign fails: 90 / 95 is 94.7; a visitor, 85 / 95, is 89.47.
    const server = { source: "server", url: "https://a.test/?utm_source=a" } as const;
    expect(score(server).score).toBe(95);
    expect(score(server, { resolvesTo: "visitor" }).score).toBe(89);
  });
});

describe("findPii", () => {
  it.each([
    ["write to jane@shop.test", "email"],
    ["https://a.test/?e=jane%40shop.test", "email"],
    ["+49 (30) 1234-5678", "phone"],
    ["call 555-123-4567", "phone"],
    ["4111 1111 1111 1111", "card"],
    ["4111 1111 1111 1112", null],
    ["2026-01-05T10:00:00.000Z", null],
    ["1767607200000", null],
    ["@shop", null],
    ["12.50", null],
  ])("finds in %j %j", (text, expected) => {
    expect(findPii(text)).toBe(expected);
  });

  it("takes linear time on what looks like an address for long", () => {
    const start = performance.now();
    findPii(`${"a".repeat(30_000)}@${"b".repeat(2000)}`);
    findPii("a@".repeat(16_000));
    expect(performance.now() - start).toBeLessThan(200);
  });

  it("looks into lists and objects, and takes order numbers for what they are", () => {
    expect(holdsPii({ a: [{ note: "jane@shop.test" }] })).toBe(true);
    expect(holdsPii({ phone: "5551234567" })).toBe(true);
    expect(holdsPii({ transaction_id: "4111111111111111" })).toBe(false);
  });
});
