import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectOf } from "../../src/collect/json-object.ts";
import { hasChromium, launchChromium } from "../browser/support.ts";
import {
  API_KEY,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
} from "../support/service.ts";
import { BURST, CLIENT_CASES, type ClientCase } from "./cases.ts";
import { hasClients, installedVersion } from "./installed.ts";
import { type ClientSite, startClientSite } from "./site.ts";
import { lastSeq, readRefused, readStored, type StoredRow } from "./stored.ts";
import { type Arrived, checkClientsPage } from "./table.ts";

const SITE_HOST = "shop.test";
const SITE_URL = `http://${SITE_HOST}/pricing?utm_source=mail`;

describe.runIf(hasClients && hasChromium)("a vendor's client, unmodified", () => {
  const arrived: Arrived[] = [];
  let service: RunningService;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => disposeService(service));

  describe.each(CLIENT_CASES.filter(({ runsIn }) => runsIn === "node"))("$name", (client) => {
    it("delivers every call with its fields", async () => {
      const before = await lastSeq(service);
      await runProgram(client);
      const rows = await readAll(before, client.calls.length + BURST);
      checkRows(client, rows);
      expect(rows.every(({ source }) => source === "server")).toBe(true);
      arrived.push({ client, calls: callsIn(client, rows), burst: burstIn(rows), onLeaving: [] });
    });
  });

  describe.each(CLIENT_CASES.filter(({ runsIn }) => runsIn === "browser"))("$name", (client) => {
    let browser: Browser;
    let site: ClientSite;
    let page: Page;
    const errors: string[] = [];

    beforeAll(async () => {
      const settings = { collector: service.url, key: WRITE_KEY, mode: client.mode };
      site = await startClientSite({ program: client.program, settings });
      browser = await launchChromium([
        `--host-resolver-rules=MAP ${SITE_HOST} 127.0.0.1:${site.port}`,
      ]);
      page = await browser.newPage();
      page.on("pageerror", ({ message }) => errors.push(message));
    });
    afterAll(async () => {
      await browser.close();
      await site.close();
    });

    it("delivers every call with its fields, and what is sent while the page is left", async () => {
      const before = await lastSeq(service);
      await page.goto(SITE_URL);
      await page.evaluate("run()");
      const rows = await readAll(before, client.calls.length + BURST);
      checkRows(client, rows);
      checkPage(rows);
      await page.getByRole("link", { name: "Elsewhere" }).click();
      await page.waitForURL("**/elsewhere");
      // What did not get out by then may come with the next page.
      await page.goto(`${SITE_URL}&again`);
      const onLeaving = ["link_clicked", ...(client.sendsAtPagehide ? ["page_left"] : [])];
      const all = await readAll(before, rows.length + onLeaving.length);
      expect(
        all
          .slice(rows.length)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(onLeaving);
      expect(errors).toEqual([]);
      arrived.push({ client, calls: callsIn(client, rows), burst: burstIn(rows), onLeaving });
    });
  });

  it("has none of its events refused", () => {
    expect(readRefused(service)).toEqual([]);
  });

  it("is in the table of the docs as it was seen here", async () => {
    expect(await checkClientsPage(arrived)).toBe("in step");
  });

  async function runProgram({ program, mode }: ClientCase): Promise<void> {
    const file = path.join(import.meta.dirname, "programs", `${program}.mjs`);
    const env = { ...process.env, COLLECTOR: service.url, KEY: API_KEY, MODE: mode };
    await promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
  }

  async function readAll(afterSeq: number, count: number): Promise<StoredRow[]> {
    const read = () => readStored(service, afterSeq);
    await expect.poll(async () => (await read()).length, { timeout: 20_000 }).toBe(count);
    return read();
  }
});

/** What every client says in its own way, and where it must end up. */
const EXPECTED: Record<string, object> = {
  page: { name: "page_view", properties: { name: "Pricing", plan: "pro" } },
  screen: { name: "screen_view", properties: { name: "Cart", items: 3 } },
  identify: {
    user_id: "u-1",
    email_claim: "ana@example.com",
    properties: { traits: { email: "ana@example.com", plan: "pro" } },
  },
  track: {
    name: "purchase",
    user_id: "u-1",
    value_minor: 12_050,
    currency: "EUR",
    context: { event_name: "Order Completed" },
    properties: {
      order_id: "A-1",
      products: [{ product_id: "p-7", name: "Shoe", quantity: 2, price: 60.25 }],
    },
  },
  group: { properties: { group_id: "acme", traits: { seats: 5 } } },
  alias: { user_id: "u-2", properties: { previous_id: "u-1" } },
};

function checkRows(client: ClientCase, rows: readonly StoredRow[]): void {
  const versionEnd = new RegExp(`(?:^|-)${installedVersion(client.package)}$`);
  const calls = rows.filter(({ name }) => name !== "item_seen");
  for (const call of client.calls) {
    const row = calls.find(({ type }) => type === call);
    expect(row, call).toMatchObject(EXPECTED[call] ?? {});
  }
  expect(calls.map(({ type }) => type).toSorted()).toEqual(client.calls.toSorted());
  expect(burstIn(rows)).toEqual(Array.from({ length: BURST }, (_, n) => n));
  for (const row of rows) {
    // Segment writes `npm:next-1.84.3`.
    expect(objectOf(row.context["library"])["version"], row.name).toMatch(versionEnd);
    // All four times: the two that were sent, the corrected one and that of the arrival.
    for (const at of [
      row["occurred_at"],
      row["received_at"],
      row["sent_at"],
      row.context["original_at"],
    ]) {
      expect(at, row.name).toBeTypeOf("number");
    }
  }
}

/** A page's events say which page, and are one visitor's. */
function checkPage(rows: readonly StoredRow[]): void {
  for (const row of rows) {
    expect(row["source"]).toBe("site");
    expect(row["url"], row.name).toBe(SITE_URL);
    expect(row.context["page"]).toMatchObject({ title: "Shop", path: "/pricing" });
    expect(row.context["userAgent"]).toContain("Chrome");
  }
  const visitors = rows.filter(({ type }) => type !== "alias").map((row) => row["anonymous_id"]);
  expect(new Set(visitors).size).toBe(1);
  expect(visitors[0]).toBeTypeOf("string");
}

function callsIn({ calls }: ClientCase, rows: readonly StoredRow[]): string[] {
  const stored = new Set(rows.map(({ type }) => type));
  return calls.filter((call) => stored.has(call));
}

function burstIn(rows: readonly StoredRow[]): number[] {
  const seen = rows.filter(({ name }) => name === "item_seen");
  return seen.map(({ properties }) => Number(properties["n"])).toSorted((a, b) => a - b);
}
