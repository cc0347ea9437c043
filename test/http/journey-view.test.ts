import { describe, expect, it } from "vitest";
import { layOutTrail } from "../../src/http/pages/journey-view.ts";
import { journeyEntry } from "./fakes.ts";

const at = (time: string): string => `2026-03-03T${time}:00.000Z`;

describe("layOutTrail", () => {
  it("puts what belongs to one session together, and the click that led to it outside", () => {
    const [day] = layOutTrail(
      [
        journeyEntry({ at: at("14:06"), session_id: "s" }),
        journeyEntry({ at: at("14:02"), session_id: "s", click_id: "k" }),
        journeyEntry({ at: at("14:01"), type: "click", source: "email", click_id: "k" }),
      ],
      "UTC",
    );
    expect(day?.blocks.map(({ isSession, pages, span }) => [isSession, pages, span])).toEqual([
      [true, 2, "4 min"],
      [false, 0, "0 s"],
    ]);
    expect(day?.blocks[0]?.rows.map(({ label }) => label)).toEqual(["Page", "Landing"]);
  });

  it("begins a day at the reader's midnight, not at UTC's", () => {
    const entries = [journeyEntry({ at: at("23:30") }), journeyEntry({ at: at("22:30") })];
    expect(layOutTrail(entries, "UTC")).toHaveLength(1);
    expect(layOutTrail(entries, "Europe/Amsterdam")).toHaveLength(2);
  });

  it.each([
    [
      "a named link",
      { type: "click", link: { id: "2", index: 2, name: "See prices", url: null } },
      "“See prices”",
    ],
    [
      "a nameless link",
      { type: "click", link: { id: "2", index: 2, name: null, url: null } },
      "link 3",
    ],
    ["no link", { type: "click", link: null }, ""],
  ])("names %s", (_case, over, expected) => {
    expect(rowOf(over).link).toBe(expected);
  });

  it.each([
    ["http(s)", "https://a.test/x", "https://a.test/x"],
    ["a script", "javascript:alert(1)", ""],
    ["data", "data:text/html,x", ""],
    ["none", null, ""],
  ])("links an address of %s only where it is safe", (_case, url, href) => {
    expect(rowOf({ type: "click", url }).href).toBe(href);
    expect(rowOf({ type: "page", url }).titleHref).toBe(href);
  });

  it("shows a verdict on hits of a mail, and elsewhere only when it is no person", () => {
    expect(rowOf({ type: "click", verdict: "human", certainty: "low" }).verdict).toMatchObject({
      word: "Person",
      isUnsure: true,
    });
    expect(rowOf({ type: "page", verdict: "human" }).verdict).toBeNull();
    expect(rowOf({ type: "page", verdict: "machine" }).verdict?.word).toBe("Machine");
    expect(rowOf({ type: "sent", verdict: null }).verdict).toBeNull();
  });

  it("marks a conversion, and shows money beside it or without it", () => {
    const money = { value_minor: 24_000, currency: "EUR" };
    const cart = rowOf({ type: "track", name: "add_to_cart", ...money });
    expect(cart).toMatchObject({ kind: "event", value: { minor: 24_000, currency: "EUR" } });
    const row = rowOf({ type: "track", name: "purchase", conversion: true, ...money });
    expect(row).toMatchObject({
      kind: "conversion",
      title: "Purchase",
      value: { minor: 24_000, currency: "EUR" },
    });
  });

  it("says when the link that was clicked was dead", () => {
    const click = { type: "click", url: null, properties: { link_state: "stopped" } };
    expect(rowOf(click).title).toBe("Stopped link clicked");
    expect(rowOf({ ...click, properties: { link_state: "toString" } }).title).toBe("Link clicked");
  });

  it("takes an event that is called like a built-in property for an ordinary one", () => {
    expect(rowOf({ type: "constructor", name: "constructor" }).title).toBe("Constructor");
  });

  it("is empty without entries", () => {
    expect(layOutTrail([], "UTC")).toEqual([]);
  });
});

function rowOf(over: Parameters<typeof journeyEntry>[0]) {
  const row = layOutTrail([journeyEntry(over)], "UTC")[0]?.blocks[0]?.rows[0];
  if (!row) throw new Error("One entry gives one row.");
  return row;
}
