import { describe, expect, it } from "vitest";
import type { Consent } from "../../../src/contacts/privacy/consent.ts";
import { createGuard } from "../../../src/contacts/privacy/guard.ts";
import { createRefs } from "../../../src/lib/refs.ts";
import { createEvent, type EventRow } from "../../../src/log/event.ts";
import { createFailedEvent } from "../../../src/log/failed-events.ts";
import { siteFact } from "../../support/facts.ts";

const NOW = 1_800_000_000_000;
const refs = createRefs(Buffer.alloc(32, 7));
const ref = (id: string): string => refs.contact({ id }) ?? "";
const address = refs.contact({ email: "ana@ex.test" }) ?? "";

/** Ana was erased (known by id, address and visitor), Back came back a day ago, others said something. */
function openGuard() {
  const erased = new Map([
    [ref("ana"), Number.POSITIVE_INFINITY],
    [address, Number.POSITIVE_INFINITY],
    ["V-ana", Number.POSITIVE_INFINITY],
    [ref("back"), NOW - 86_400_000],
  ]);
  const everything: Consent = { clicks: "individual", opens: "individual", site: "individual" };
  const consents = new Map<string, Consent>([
    [ref("silent"), { clicks: "none", opens: "none", site: "none" }],
    [ref("counted"), { clicks: "aggregate", opens: "none", site: "aggregate" }],
    [ref("clicks-only"), { ...everything, site: "none" }],
  ]);
  const withheld: string[] = [];
  const guard = createGuard({
    ledger: {
      isEmpty: (workspaceId) => workspaceId !== 1,
      isBlank: () => false,
      isLoaded: () => true,
      covers: (_workspaceId, _kind, value, at) => at < (erased.get(value) ?? 0),
      refresh: async () => {},
      start: async () => {},
      stop: () => {},
    },
    consents: {
      isEmpty: (workspaceId) => workspaceId !== 1,
      ofContact: (_workspaceId, given) => consents.get(given),
      ofVisitor: (_workspaceId, id) =>
        id === "V-silent" ? consents.get(ref("silent")) : undefined,
      refresh: async () => {},
      restore: async () => {},
      start: async () => {},
      stop: () => {},
    },
    refsOf: () => refs,
    now: () => NOW,
    onWithheld: (reason) => withheld.push(reason),
  });
  return { guard, withheld };
}

describe("what the doors keep of an event", () => {
  it.each<[string, Partial<EventRow>, string[]]>([
    ["everything of who said nothing", { user_id: "bob" }, []],
    ["nothing that names an erased contact", { user_id: "ana" }, ["erased"]],
    ["nothing with its address", { email_claim: " ANA@ex.test" }, ["erased"]],
    ["nothing of its visitor", { anonymous_id: "V-ana" }, ["erased"]],
    [
      "no alias from its id",
      { type: "alias", user_id: "bob", properties: { previous_id: "ana" } },
      ["erased"],
    ],
    ["nothing without consent", { user_id: "silent" }, ["no_consent"]],
    ["nothing of the visitor of such a contact", { anonymous_id: "V-silent" }, ["no_consent"]],
    ["another's event on that visitor", { anonymous_id: "V-silent", user_id: "bob" }, []],
    ["what a contact does who came back", { user_id: "back" }, []],
    ["nothing older of it", { user_id: "back", occurred_at: NOW - 90_000_000 }, ["erased"]],
    ["everything of another workspace", { workspace_id: 2, user_id: "ana" }, []],
  ])("%s", (_case, known, expected) => {
    const { guard, withheld } = openGuard();
    const event = { ...siteFact("e"), occurred_at: NOW, received_at: NOW, ...known };
    expect(guard.screenEvents([event])).toEqual(expected.length === 0 ? [event] : []);
    expect(withheld).toEqual(expected);
  });

  it("counts an event of who allows no more, and names nobody", () => {
    const { guard, withheld } = openGuard();
    const event = {
      ...siteFact("e"),
      user_id: "counted",
      anonymous_id: "V",
      context: { ip: "1.2.3.0", userAgent: "x", page: { url: "https://a.test/" } },
      properties: { value: 5, email: "c@ex.test" },
    };
    expect(guard.screenEvents([event])).toEqual([
      {
        ...event,
        user_id: null,
        anonymous_id: null,
        context: { page: { url: "https://a.test/" }, aggregate: 1 },
        properties: { value: 5 },
      },
    ]);
    expect(withheld).toEqual(["aggregate"]);
    expect(guard.screenEvents([{ ...event, type: "identify" }])).toEqual([]);
  });

  it("keeps the record of a mail to a contact who allows no clicks", () => {
    const { guard } = openGuard();
    const sent = createEvent({
      ...siteFact("s"),
      source: "email",
      type: "sent",
      recipient_contact: ref("silent"),
    });
    expect(guard.screenEvents([sent])).toEqual([sent]);
  });

  it("drops refused bodies that name an erased contact, readable or not", () => {
    const { guard } = openGuard();
    const item = (raw: string) => ({
      workspaceId: 1,
      sourceId: "s",
      source: "site" as const,
      reason: "invalid_json",
      raw,
      receivedAt: NOW,
    });
    const bob = item('{"userId":"bob"}');
    expect(
      guard.screenRejected([
        item('{"traits":{"email":"Ana@ex.test"}}'),
        item('{"userId":"ana'),
        item("email=ana@ex.test&x=1"),
        item('{"anonymousId":"V-ana"}'),
        bob,
      ]),
    ).toEqual([bob]);
    expect(guard.isErased(createFailedEvent(item('{"userId":"ana"}'), "f1"))).toBe(true);
  });
});

describe("what the front keeps of a hit", () => {
  it.each([
    ["bob", "click", undefined],
    ["ana", "click", { mode: "aggregate", canJoin: false }],
    ["ana", "open", { mode: "none", canJoin: false }],
    ["silent", "click", { mode: "none", canJoin: false }],
    ["counted", "click", { mode: "aggregate", canJoin: false }],
    ["clicks-only", "click", { mode: "individual", canJoin: false }],
    ["back", "click", undefined],
  ] as const)("of %s, a %s", (id, kind, expected) => {
    expect(openGuard().guard.hitConsent(1, ref(id), kind)).toEqual(expected);
  });
});
