import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runQualityCases } from "../support/quality-cases.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "quality-"));
afterAll(() => rmSync(folder, { recursive: true }));

const received_at = "2026-01-05T10:00:01.000Z";
const booked = { type: "track", event: "demo_booked", userId: "u1" };

const order = {
  id: "order",
  given: { source: "browser", received_at, resolves_to: "contact", tracking_plan: [] },
  event: {
    type: "track",
    event: "Order Completed",
    userId: "u1",
    messageId: "m",
    timestamp: "2026-01-05T10:00:00.000Z",
    sentAt: received_at,
    context: { page: { url: "https://a.test/", title: "Thanks" } },
    properties: { order_id: "1", total: "12.5", currency: "EUR", products: [{ sku: "1" }] },
  },
  expect: { failed: [], score: 100 },
};

const double = {
  id: "double",
  given: {
    source: "server",
    received_at,
    resolves_to: null,
    tracking_plan: ["demo_booked"],
    stored_before: [{ ...booked, messageId: "m0", timestamp: "2026-01-05T09:59:59.000Z" }],
  },
  event: { ...booked, messageId: "m1", timestamp: "2026-01-05T10:00:00.000Z" },
  // 35 of the 55 that can apply.
  expect: { failed: ["identity_resolved", "not_duplicate"], score: 64 },
};

describe("runQualityCases", () => {
  function run(...events: object[]) {
    const file = path.join(folder, "cases.json");
    writeFileSync(file, JSON.stringify({ events }));
    return runQualityCases(file);
  }

  it("passes cases that come out as expected", async () => {
    expect(await run(order, double)).toEqual({ passed: 2, failed: [], debatable: [] });
  });

  it("names the case that does not", async () => {
    const wrong = { ...order, id: "wrong", expect: { failed: ["no_pii"], score: 95 } };
    const report = await run(wrong, double);
    expect(report.failed).toMatchObject([{ id: "wrong", found: { score: 100, failed: [] } }]);
  });
});
