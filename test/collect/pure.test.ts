import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClickParameter } from "../../src/collect/click-parameter.ts";
import { findKeys } from "../../src/collect/credentials.ts";
import { findBrokenLimit } from "../../src/collect/limits.ts";
import { readMoney } from "../../src/collect/money.ts";
import { readPixel } from "../../src/collect/pixel.ts";
import { correctClockSkew, parseTime } from "../../src/collect/time.ts";
import { NOW } from "./app.ts";

describe("createClickParameter", () => {
  const { strip, find, drop } = createClickParameter("jt");

  it.each([
    ["https://a.test/?jt=x", "https://a.test/"],
    ["https://a.test/?jt=x&b=1", "https://a.test/?b=1"],
    ["https://a.test/?a=%20&jt=x&b=+", "https://a.test/?a=%20&b=+"],
    ["https://a.test/?a=1&jt=x#f", "https://a.test/?a=1#f"],
    ["https://a.test/?jt=x#f", "https://a.test/#f"],
    ["https://a.test/?jt=x&jt=y&jt=", "https://a.test/"],
    ["https://a.test/?jt=x&jt=y&c=1", "https://a.test/?c=1"],
    ["https://a.test/#jt=x", "https://a.test/"],
    ["?jt=x", ""],
    ["from https://a.test/?jt=x to b", "from https://a.test/ to b"],
    ["https://a.test/?ajt=x&jtb=y", "https://a.test/?ajt=x&jtb=y"],
    ["jt=x", "jt=x"],
    ["", ""],
  ])("strips %j to %j", (url, expected) => {
    expect(strip(url)).toBe(expected);
  });

  it("strips once as well as twice, and leaves other parameters alone", () => {
    const query = fc.array(fc.constantFrom("jt=1", "a=2", "jt=", "jta=3", "%6At=4"), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(query, fc.constantFrom("", "#top"), (parts, hash) => {
        const url = `https://a.test/p${parts.length > 0 ? "?" : ""}${parts.join("&")}${hash}`;
        const stripped = strip(url);
        expect(strip(stripped)).toBe(stripped);
        const rest = parts.filter((part) => !part.startsWith("jt="));
        expect(stripped).toBe(
          `https://a.test/p${rest.length > 0 ? "?" : ""}${rest.join("&")}${hash}`,
        );
      }),
    );
  });

  it.each([
    ["the call itself", { click_id: "C" }, {}, {}, "C"],
    ["the context", {}, { click_id: "C" }, {}, "C"],
    ["a property", {}, {}, { jt: "C" }, "C"],
    ["the page's URL", {}, { page: { url: "https://a.test/?x=1&jt=C#y" } }, {}, "C"],
    ["its fragment", {}, { page: { url: "https://a.test/#jt=C" } }, {}, "C"],
    ["its query", {}, { page: { search: "?jt=C" } }, {}, "C"],
    ["GA4's location", {}, {}, { page_location: "https://a.test/?jt=C" }, "C"],
    ["never the referrer", {}, { page: { referrer: "https://a.test/?jt=C" } }, {}, null],
    ["nothing odd", {}, { page: { url: "https://a.test/?jt=<b>" } }, {}, null],
  ])("finds the click in %s", (_case, message, context, properties, expected) => {
    expect(find(message, context, properties)).toBe(expected);
  });

  it("drops the parameter among properties", () => {
    expect(drop({ jt: "C", plan: "pro" })).toEqual({ plan: "pro" });
  });
});

describe("findBrokenLimit", () => {
  const ofBytes = (bytes: number) => ({ t: "x".repeat(bytes - '{"t":""}'.length) });

  it("takes an event of just 32 kB, and none of a byte more", () => {
    expect(findBrokenLimit(ofBytes(32_768), false)).toBeNull();
    expect(findBrokenLimit(ofBytes(32_769), false)).toBe("too_large_event");
  });

  it.each([
    ["a number in a list", { a: [1, { b: Number.POSITIVE_INFINITY }] }, "number_too_large"],
    ["a key in a list", { a: [JSON.parse('{"__proto__": 1}')] }, "forbidden_key"],
    ["a long key", { a: { ["k".repeat(129)]: 1 } }, "name_too_long"],
    ["nine levels", { a: [[[[[[[[]]]]]]]] }, "too_deep"],
    ["eight levels", { a: [[[[[[[]]]]]]] }, null],
  ])("finds %s", (_case, event, expected) => {
    expect(findBrokenLimit(event, true)).toBe(expected);
  });

  it("measures escapes, umlauts and long keys as they are sent", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("\u0001", "\u00e9", "\ud83d\ude00", '"', "x", "\ud800"),
        fc.integer({ min: 2000, max: 40_000 }),
        (character, count) => {
          const event = { k: [character.repeat(count), 1e-7, null, true, {}] };
          const isTooLarge = Buffer.byteLength(JSON.stringify(event)) > 32_768;
          expect(findBrokenLimit(event, false)).toBe(isTooLarge ? "too_large_event" : null);
        },
      ),
    );
  });
});

describe("parseTime", () => {
  it.each([
    ["2026-01-05T10:00:00.000Z", NOW],
    ["2026-01-05T11:00:00+01:00", NOW],
    ["2026-01-05T10:00:00", NOW],
    ["2026-01-05 10:00:00", NOW],
    ["2026-01-05", NOW - 36_000_000],
    ["Mon, 05 Jan 2026 10:00:00 GMT", NOW],
    [NOW, NOW],
    [NOW / 1000, NOW],
    ["2026-13-45T10:00:00Z", null],
    ["1969-01-01T00:00:00Z", null],
    ["2026-02-29", null],
    ["2026-02-29T10:00:00.000Z", null],
    ["2024-02-29T10:00:00.120Z", Date.UTC(2024, 1, 29, 10, 0, 0, 120)],
    ["2024-12-31T23:59:59.999Z", Date.UTC(2025, 0, 1) - 1],
    ["2024-02-29T24:00:00.000Z", Date.UTC(2024, 2, 1)],
    ["2024-02-28T25:00:00.000Z", null],
    ["2024-02-28T24:30:00.000Z", null],
    ["2024-02-28T10:00:60.000Z", null],
    ["2024-02-28T10:60:00.000Z", null],
    ["2024-00-28T10:00:00.000Z", null],
    ["0070-02-28T10:00:00.000Z", null],
    ["2024-02-29T24:00:00Z", Date.UTC(2024, 2, 1)],
    ["2026-04-31T10:00:00+02:00", null],
    ["tomorrow", null],
    ["5", null],
    [-1, null],
    [1e300, null],
    [{}, null],
  ])("reads %j as %j", (given, expected) => {
    expect(parseTime(given)).toBe(expected);
  });

  it("reads back every moment that a Date can write", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31") }), (date) => {
        expect(parseTime(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});

describe("correctClockSkew", () => {
  const DAY = 86_400_000;
  it.each([
    ["no times", {}, NOW, null],
    ["a sender's time alone", { originalAt: NOW - 1000 }, NOW - 1000, null],
    ["skew of 5 s: the network", { originalAt: NOW - 9000, sentAt: NOW - 5000 }, NOW - 9000, null],
    ["a slow clock", { originalAt: NOW - 9000, sentAt: NOW - 6000 }, NOW - 3000, null],
    ["a fast clock", { originalAt: NOW + DAY, sentAt: NOW + DAY + 10 }, NOW - 10, null],
    ["a future time clamped", { originalAt: NOW + 1000 }, NOW, null],
    ["over a day ahead flagged", { originalAt: NOW + DAY + 1 }, NOW, "future"],
    ["sent without a time", { sentAt: NOW - 60_000 }, NOW, null],
    ["imported", { originalAt: 5, sentAt: NOW - DAY, imported: true }, 5, null],
  ])("%s", (_case, given, occurredAt, flag) => {
    const times = { originalAt: null, sentAt: null, receivedAt: NOW, imported: false, ...given };
    expect(correctClockSkew(times)).toMatchObject({ occurredAt, flag });
  });
});

describe("readMoney", () => {
  it.each([
    [{ value: 12.5, currency: "EUR" }, 1250, "EUR"],
    [{ revenue: "12.50", currency: " usd" }, 1250, "USD"],
    [{ value: null, revenue: 3, total: 4, currency: "USD" }, 300, "USD"],
    [{ value: 1.005, currency: "USD" }, 101, "USD"],
    [{ value: 500, currency: "JPY" }, 500, "JPY"],
    [{ value: 1.2345, currency: "KWD" }, 1235, "KWD"],
    [{ value: 1e-7, currency: "USD" }, 0, "USD"],
    [{ value: -5, currency: "USD" }, -500, "USD"],
    [{ value: 5 }, null, null],
    [{ value: 5, currency: "XYZ" }, null, null],
    [{ value: "5 euros", currency: "EUR" }, null, null],
    [{ value: 1e300, currency: "EUR" }, null, null],
    [{ value: Number.NaN, currency: "EUR" }, null, null],
  ])("reads %j", (properties, value_minor, currency) => {
    expect(readMoney("purchase", properties)).toEqual({ value_minor, currency });
  });

  it("makes a refund positive", () => {
    const properties = { total: -9.99, currency: "EUR" };
    expect(readMoney("refund", properties)).toEqual({ value_minor: 999, currency: "EUR" });
  });
});

describe("readPixel", () => {
  it("reads base64 of a whole event", () => {
    const data = Buffer.from('{"event":"X","userId":"u","properties":{"a":1}}').toString("base64");
    expect(readPixel({ data }, undefined)).toMatchObject({
      event: "X",
      userId: "u",
      properties: { a: 1 },
    });
  });

  it("makes nothing of damaged data", () => {
    expect(readPixel({ data: "!!", properties: "{" }, undefined)).toMatchObject({ properties: {} });
  });
});

describe("findKeys", () => {
  it("tries the header first and each key once", () => {
    const authorization = `Basic ${Buffer.from("k1:").toString("base64")}`;
    expect(findKeys({ authorization, "x-write-key": "id:k2" }, "k1", "k3")).toEqual([
      "k1",
      "id:k2",
      "id",
      "k2",
      "k3",
    ]);
  });
});
