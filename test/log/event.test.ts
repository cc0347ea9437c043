import { describe, expect, it } from "vitest";
import { readEvent } from "../../src/log/event.ts";
import { siteFact } from "../support/facts.ts";

describe("readEvent", () => {
  it("reads a fact as it was written", () => {
    const fact = siteFact("a", {
      value_minor: 1234,
      currency: "EUR",
      context: { page: { title: "Shop" } },
      properties: { list: [1, "zwei", null] },
    });
    expect(readEvent(JSON.parse(JSON.stringify(fact)))).toEqual(fact);
  });

  it("reads a hit, which leaves out what is null and carries its context as text", () => {
    const { workspace_id, source_id, event_id, source, type, name, occurred_at, received_at } =
      siteFact("a");
    const hit = {
      ...{ workspace_id, source_id, event_id, source, type, name, occurred_at, received_at },
      context: '{"method":"GET"}',
      properties: "{}",
    };
    expect(readEvent(hit)).toEqual(siteFact("a", { context: { method: "GET" } }));
  });

  it.each([
    ["an amount without its currency", { value_minor: 5 }, "/value_minor"],
    ["a currency without its amount", { currency: "EUR" }, "/value_minor"],
    ["a currency of another length", { value_minor: 5, currency: "EURO" }, "/currency"],
    ["a time in words", { occurred_at: "yesterday" }, "/occurred_at"],
    ["half a millisecond", { received_at: 0.5 }, "/received_at"],
    ["a number past 2^53", { sent_at: 2 ** 60 }, "/sent_at"],
    ["a door that there is not", { source: "fax" }, "/source"],
    ["a type that there is not", { type: "clikc" }, "/type"],
    ["a name that is no text", { name: 7 }, "/name"],
    ["a context that is no object", { context: [] }, "/context"],
    ["text that is no JSON", { properties: "{oops" }, "/properties"],
    ["a key that is near a column", { userid: "u1" }, 'Did you mean "user_id"?'],
  ])("refuses %s, and says where", (_case, wrong, said) => {
    expect(() => readEvent({ ...siteFact("a"), ...wrong })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(said) }),
    );
  });
});
