import { describe, expect, it } from "vitest";
import { createEvent, type EventRow } from "../../src/log/event.ts";
import {
  joinLinkFlags,
  joinMessageFacts,
  linkFlagsOf,
  mailFactsOf,
  messageFactsOf,
  UNKNOWN_MESSAGE,
} from "../../src/traffic/mail-facts.ts";

describe("linkFlagsOf", () => {
  it("knows the visible links, the unsubscribe link and the hidden one behind them", () => {
    const facts = mailFactsOf(linkFlagsOf(rewrite(["Shop", "Unsubscribe"], true)));
    expect(facts.links).toEqual(new Set(["0", "1"]));
    expect(facts.unsubscribes).toEqual(new Set(["1"]));
    expect(facts.traps).toEqual(new Set(["2"]));
  });

  it("trusts a hidden or unsubscribe link only where every mail of the campaign agrees", () => {
    const short = linkFlagsOf(rewrite(["Shop", "Unsubscribe"], true));
    const long = linkFlagsOf(rewrite(["Shop", "Blog", "News", "Unsubscribe"], true));
    const facts = mailFactsOf(joinLinkFlags(short, long));
    expect(facts.links).toEqual(new Set(["0", "1", "2", "3"]));
    expect(facts.unsubscribes).toEqual(new Set(["3"]));
    expect(facts.traps).toEqual(new Set(["4"]));
  });

  it("survives a fact without a list", () => {
    expect(linkFlagsOf({ ...rewrite([], false), properties: {} })).toEqual(new Map());
  });
});

describe("messageFactsOf", () => {
  it("prefers what the message's own fact says of its links", () => {
    const campaign = linkFlagsOf(rewrite(["a", "b", "c", "d", "e", "f"], false));
    const sent = messageFactsOf(event("sent", 5, { links: 4, honeypot: 4 }));
    const facts = mailFactsOf(campaign, sent);
    expect(facts.links).toEqual(new Set(["0", "1", "2", "3"]));
    expect(facts.traps).toEqual(new Set(["4"]));
  });

  it("takes the first delivery, else the sending", () => {
    const [sent, late, early] = [event("sent", 5), event("delivered", 90), event("delivered", 70)];
    const join = (...events: EventRow[]) =>
      events
        .map((one) => messageFactsOf(one) ?? UNKNOWN_MESSAGE)
        .reduce(joinMessageFacts, UNKNOWN_MESSAGE);
    expect(mailFactsOf(undefined, join(sent)).deliveredAt).toBe(5);
    expect(mailFactsOf(undefined, join(late, sent, early)).deliveredAt).toBe(70);
    expect(mailFactsOf(undefined, join(early, late, sent)).deliveredAt).toBe(70);
    expect(mailFactsOf().deliveredAt).toBeNull();
  });

  it("reads nothing else", () => {
    expect(messageFactsOf(event("bounced", 5))).toBeUndefined();
  });
});

function rewrite(texts: readonly string[], honeypot: boolean): EventRow {
  const links = texts.map((text, index) => ({ index, name: null, text, url: "https://a.test/" }));
  return event("rewrite", 0, { links, honeypot: honeypot ? links.length : null });
}

function event(
  type: EventRow["type"],
  at: number,
  properties: Record<string, unknown> = {},
): EventRow {
  return createEvent({
    workspace_id: 1,
    source_id: "s",
    event_id: `${type} ${at}`,
    source: "email",
    type,
    name: type,
    occurred_at: at,
    received_at: at,
    properties,
  });
}
