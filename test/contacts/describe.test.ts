import { describe, expect, it } from "vitest";
import { describeEvent } from "../../src/contacts/describe.ts";
import { cleanEmail, cleanUserId } from "../../src/lib/junk-ids.ts";
import { createRefs } from "../../src/lib/refs.ts";
import type { EventRow } from "../../src/log/event.ts";
import { page, START } from "../support/journey-facts.ts";

const refs = createRefs(Buffer.alloc(32, 1));
const read = (known: Partial<EventRow>) =>
  describeEvent({ ...page("e1", "V1", START, known), seq: 1, txid: 0 }, refs, "human").fact;

describe("cleanUserId", () => {
  it.each([
    "",
    "  ",
    "0",
    "0000-0000",
    "-1",
    "NULL",
    " undefined ",
    "Guest",
    "[object Object]",
    "NaN",
  ])("takes %j for no id", (id) => {
    expect(cleanUserId(id)).toBeNull();
  });

  it.each(["0a", "guest1", "10", "nullable"])("keeps %j", (id) => {
    expect(cleanUserId(id)).toBe(id);
  });
});

describe("cleanEmail", () => {
  it("compares without case and spaces, and refuses what is no address", () => {
    expect(cleanEmail(" Jane@Ex.TEST ")).toBe("jane@ex.test");
    expect([cleanEmail("jane"), cleanEmail("@x"), cleanEmail(null)]).toEqual([null, null, null]);
  });
});

describe("describeEvent", () => {
  it("reads the campaign from the page's UTM values, else from the context", () => {
    const url = "https://a.test/?utm_source=news&utm_medium=email&utm_campaign=jan";
    expect(read({ url }).campaign).toBe("news/email/jan///");
    const context = { campaign: { source: "news", medium: "email", name: "jan" } };
    expect(read({ context }).campaign).toBe("news/email/jan///");
    expect(read({}).campaign).toBeNull();
  });

  it.each([
    [
      { ip: "1.2.3.0", userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)" },
      "1.2.3",
      "ios",
    ],
    [
      { ip: "2001:db8:1:2::", userAgent: "Mozilla/5.0 (Linux; Android 14)" },
      "2001:db8:1:",
      "android",
    ],
    [{ ip: "a1b2c3", os: { name: "Mac OS X" } }, "a1b2c3", "mac"],
    [{}, null, null],
  ])("knows the device of %j", (context, net, os) => {
    expect(read({ context })).toMatchObject({ net, os });
  });

  it.each([
    [{ analytics_storage: "denied" }, false],
    [{ analytics_storage: "granted", ad_storage: "denied" }, true],
    [{ categoryPreferences: { Analytics: false } }, false],
    [undefined, true],
  ])("reads the consent %j", (consent, expected) => {
    expect(read({ context: consent ? { consent } : {} }).consent).toBe(expected);
  });

  it("reads a browser's wish to be joined to nobody", () => {
    expect(read({ context: { join: 0 } }).consent).toBe(false);
  });
});
