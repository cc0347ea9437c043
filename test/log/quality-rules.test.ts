import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runQualityCases } from "../support/quality-cases.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "quality-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));

const RECEIVED = "2026-01-05T10:00:01.000Z";
const SALE = { order_id: "1", total: 12.5, currency: "EUR", products: [{ sku: "1" }] };
const page = (url: string, title?: string) => ({ page: { url, title } });
const URL = "https://a.test/?utm_source=n&utm_medium=email&utm_campaign=may";

/** An event that passes all fourteen checks: 100 of 100. */
const WHOLE = {
  type: "track",
  event: "Order Completed",
  userId: "u1",
  messageId: "m",
  timestamp: "2026-01-05T10:00:00.000Z",
  sentAt: RECEIVED,
  context: page(URL, "Thanks"),
  properties: SALE,
};
const GIVEN = { source: "browser", received_at: RECEIVED, resolves_to: "contact" };

type Changes = Record<string, unknown>;

/** What is changed in the event and in what is given, what fails then, and the points left. */
const CASES: readonly (readonly [string, Changes, Changes, readonly string[], number])[] = [
  ["nothing", {}, {}, [], 100],
  ["a number in text", { properties: { ...SALE, total: "12.50" } }, {}, [], 100],
  ["no items", { properties: { ...SALE, products: [] } }, {}, ["required_params"], 85],
  [
    "items without id or name",
    { properties: { ...SALE, products: [{ price: 1 }] } },
    {},
    ["required_params"],
    85,
  ],
  ["an amount in words", { properties: { ...SALE, total: "twelve" } }, {}, ["param_types"], 90],
  ["no currency", { properties: { ...SALE, currency: undefined } }, {}, ["conditional_params"], 95],
  [
    "a currency that is none",
    { properties: { ...SALE, currency: "EURO" } },
    {},
    ["conditional_params"],
    95,
  ],
  ["a platform's name", { event: "Purchase" }, {}, ["naming"], 95],
  ["a reserved prefix", { event: "ga_order" }, { tracking_plan: ["ga_order"] }, ["naming"], 93],
  ["a visitor only", {}, { resolves_to: "visitor" }, [], 95],
  ["nobody", {}, { resolves_to: null }, ["identity_resolved"], 90],
  ["a user who is no one", { userId: "[object Object]" }, {}, ["id_not_junk"], 95],
  [
    "a visitor of zeros",
    { anonymousId: "00000000-0000-0000-0000-000000000000" },
    {},
    ["id_not_junk"],
    95,
  ],
  [
    "a clock five minutes off",
    { sentAt: "2026-01-05T09:55:01.000Z", timestamp: "2026-01-05T09:55:00.000Z" },
    {},
    [],
    100,
  ],
  [
    "a clock over five minutes off",
    { sentAt: "2026-01-05T09:55:00.000Z", timestamp: "2026-01-05T09:55:00.000Z" },
    {},
    ["clock_skew"],
    95,
  ],
  ["a time to come", { timestamp: "2026-01-05T10:02:00.000Z" }, {}, ["timestamp_plausible"], 95],
  [
    "31 days on the way",
    { timestamp: "2025-12-05T10:00:00.000Z" },
    {},
    ["timestamp_plausible", "delivery_latency"],
    90,
  ],
  [
    "31 days on the way, imported",
    { timestamp: "2025-12-05T10:00:00.000Z" },
    { imported: true },
    ["delivery_latency"],
    95,
  ],
  [
    "a day and a second on the way",
    { timestamp: "2026-01-04T10:00:00.000Z" },
    {},
    ["delivery_latency"],
    95,
  ],
  ["no title", { context: page(URL) }, {}, ["page_context"], 95],
  [
    "half a campaign",
    { context: page("https://a.test/?utm_source=n", "Thanks") },
    {},
    ["campaign_complete"],
    95,
  ],
  // 95 points can be had where no campaign is named, 90 where the event comes from a server.
  ["no campaign", { context: page("https://a.test/", "Thanks") }, {}, [], 100],
  [
    "a visitor's, from a server",
    { context: {} },
    { source: "server", resolves_to: "visitor" },
    [],
    94,
  ],
  [
    "a double",
    {},
    { stored_before: [{ ...WHOLE, messageId: "m0", properties: { ...SALE, order_id: "1" } }] },
    ["not_duplicate"],
    90,
  ],
  [
    "the sale again from elsewhere",
    {},
    {
      stored_before: [
        {
          ...WHOLE,
          messageId: "m0",
          timestamp: "2026-01-05T08:00:00.000Z",
          properties: { order_id: "1" },
        },
      ],
    },
    ["not_duplicate"],
    90,
  ],
  [
    "the same event again three seconds later",
    { properties: { ...SALE, order_id: "2" } },
    { stored_before: [{ ...WHOLE, messageId: "m0", timestamp: "2026-01-05T09:59:57.000Z" }] },
    [],
    100,
  ],
  ["the same request again", {}, { stored_before: [WHOLE] }, [], 100],
  [
    "an address among the properties",
    { properties: { ...SALE, note: "ask ana@b.test" } },
    {},
    ["no_pii"],
    95,
  ],
  [
    "a phone number in the URL",
    { context: page(`${URL}&tel=4915112345678`, "Thanks") },
    {},
    ["no_pii"],
    95,
  ],
  ["a card number", { properties: { ...SALE, note: "4111 1111 1111 1111" } }, {}, ["no_pii"], 95],
  [
    "a card number of the series that begins with 2",
    { properties: { ...SALE, note: "2223003122003222" } },
    {},
    ["no_pii"],
    95,
  ],
  // Nothing is said of the parameters of an unknown event: 70 points can be had.
  ["an unknown event", { event: "demo_booked", properties: {} }, {}, ["known_event"], 86],
  [
    "a declared event",
    { event: "demo_booked", properties: {} },
    { tracking_plan: ["demo_booked"] },
    [],
    100,
  ],
];

describe("the fourteen checks", () => {
  it.each(CASES)("%s", async (id, event, given, failed, score) => {
    const file = path.join(folder, "case.json");
    const one = {
      id,
      given: { ...GIVEN, ...given },
      event: { ...WHOLE, ...event },
      expect: { failed, score },
    };
    writeFileSync(file, JSON.stringify({ events: [one] }));
    const report = await runQualityCases(file);
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(1);
  });
});
