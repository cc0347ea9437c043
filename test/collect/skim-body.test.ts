import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openEnvelope } from "../../src/collect/envelope.ts";
import { isObject, type JsonObject, objectOf } from "../../src/collect/json-object.ts";
import { findRejections } from "../../src/collect/pipeline.ts";
import type { CallType } from "../../src/collect/segment-protocol.ts";
import { skimBody } from "../../src/collect/skim-body.ts";
import { isPlainTimeAt, parseTime } from "../../src/collect/time.ts";
import { parseJson } from "../../src/lib/json.ts";

const track = { type: "track", event: "Signed Up", anonymousId: "v-1" };
const page = { type: "page", userId: "u-1", properties: { path: "/" } };
const route = fc.constantFrom<(CallType | null)[]>(null, "track", "page", "identify", "alias");

function skim(body: unknown, type: CallType | null = null) {
  return skimBody(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), type);
}

/** What the door finds in a body by parsing it, as far as a skim tells it; undefined where anything is odd. */
function judgeParsed(bytes: Buffer, type: CallType | null) {
  const { items, isBatch, writeKey } = openEnvelope(parseJson(bytes, { maxDepth: 64 }));
  const rejections = findRejections({ items, type, isSmall: false });
  const isOdd = (item: unknown) =>
    isObject(item) && (item["type"] === "click" || "ip" in objectOf(item["context"]));
  if (rejections.length > 0 || items.some(isOdd)) return undefined;
  const names = items.flatMap((item) => {
    const name = objectOf(item)["event"];
    return typeof name === "string" && name !== "" ? [name] : [];
  });
  return { events: items.length, isBatch, writeKey, names: [...new Set(names)] };
}

/** Whatever a skim says of a body, parsing it says too. */
function expectSkimToHold(bytes: Buffer, type: CallType | null): void {
  const skimmed = skimBody(bytes, type);
  if (skimmed) expect(judgeParsed(bytes, type)).toEqual(skimmed);
}

describe("skimBody", () => {
  it.each([
    ["a batch", { batch: [track, page] }, true, ["Signed Up"]],
    ["a list", [track, { ...track, event: "Trial Started" }], true, ["Signed Up", "Trial Started"]],
    ["one event", track, false, ["Signed Up"]],
    ["a name in another script", { batch: [{ ...track, event: "Заказ" }] }, true, ["Заказ"]],
    [
      "our own script's",
      {
        sentAt: 1_767_607_200_000,
        context: { locale: "de", page: { url: "https://a.test/?a=\"'" }, consent: { ads: true } },
        batch: [
          { ...page, messageId: "m", timestamp: 1_767_607_199_000, context: { webdriver: 1 } },
        ],
      },
      true,
      [],
    ],
    [
      "all that may be there",
      {
        batch: [
          {
            ...track,
            userId: 42,
            messageId: "m-1",
            timestamp: "2026-11-30T09:59:58.123Z",
            originalTimestamp: "2026-11-30T10:59:58+01:00",
            sentAt: null,
            integrations: { All: true },
            properties: { price: 89.9, products: [{ name: "Ä \u2028 \\ \n" }], list: [[], {}] },
          },
          { ...page, anonymousId: null, traits: {}, channel: "web" },
        ],
        sentAt: "2026-11-30T10:00:00Z",
        integrations: {},
      },
      true,
      ["Signed Up"],
    ],
  ])("tells of %s what parsing it tells", (_case, body, isBatch, names) => {
    const events = Array.isArray(body) ? body.length : "batch" in body ? body.batch.length : 1;
    expect(skim(body)).toEqual({ events, isBatch, writeKey: null, names });
    expectSkimToHold(Buffer.from(JSON.stringify(body, null, 2)), null);
  });

  it("takes the type of the route for an event that has none", () => {
    expect(skim({ event: "Signed Up", userId: "u" }, "track")).toMatchObject({ events: 1 });
    expect(skim({ event: "Signed Up", userId: "u" })).toBeUndefined();
  });

  it("reads the write key of a body, not of an event", () => {
    expect(skim({ batch: [{ ...track, writeKey: "b" }], writeKey: "a" })).toMatchObject({
      writeKey: "a",
    });
  });

  it.each([
    ["an address", { ...track, context: { ip: "203.0.113.7" } }],
    ["an address that the batch has", { batch: [track], context: { ip: "203.0.113.7" } }],
    ["a click that triggers have to judge", { ...track, type: "click" }],
    ["no id", { ...track, anonymousId: null }],
    ["an empty id", { ...track, anonymousId: "" }],
    ["an id of white space", { ...track, anonymousId: "\u00a0" }],
    ["a long id", { ...track, anonymousId: "a".repeat(513) }],
    ["no name", { ...track, event: undefined }],
    ["a name of white space", { ...track, event: "\u2003" }],
    ["a long name", { ...track, event: "a".repeat(129) }],
    ["a time that is none", { ...track, timestamp: "yesterday" }],
    ["the 30th of February", { ...track, timestamp: "2026-02-30T10:00:00.000Z" }],
    ["a forbidden key", `{"type":"page","userId":"u","properties":{"__proto__":1}}`],
    ["a long key", { ...track, context: { ["a".repeat(129)]: 1 } }],
    ["a number that is too large", `{"type":"page","userId":"u","properties":{"a":1e400}}`],
    ["201 properties", { ...track, properties: { ...Array(201).fill(1) } }],
    ["nine levels", { ...track, a: { b: { c: { d: { e: { f: { g: [[]] } } } } } } }],
    ["nine levels of properties", { ...track, properties: [[[[[[[[]]]]]]]] }],
    ["nine levels in properties", { ...track, properties: { a: [[[[[[[]]]]]]] } }],
    ["a long earlier id", { ...track, previousId: "a".repeat(513) }],
    ["an event of over 32 kB", { ...track, properties: { a: "a".repeat(33_000) } }],
    ["an empty batch", { batch: [] }],
    ["1,001 events", { batch: Array(1001).fill(track) }],
    ["a second batch that is none", `{"batch":[${JSON.stringify(track)}],"batch":1}`],
    [
      "two write keys, one none",
      `{"writeKey":"a","writeKey":1,"batch":[${JSON.stringify(track)}]}`,
    ],
    ["two batches", `{"batch":[${JSON.stringify(track)}],"batch":[${JSON.stringify(page)}]}`],
    ["a context of over 4 kB", { batch: [track], context: { a: "a".repeat(4100) } }],
    ["an event that is none", { batch: [track, "bad"] }],
    ["a byte order mark", `\ufeff${JSON.stringify(track)}`],
    ["something behind it", `${JSON.stringify(track)}}`],
  ])("leaves %s to be parsed", (_case, body) => {
    expect(skim(body)).toBeUndefined();
  });

  it("leaves what is not UTF-8 to be parsed", () => {
    const bytes = Buffer.from(JSON.stringify({ ...track, userId: "u-\u00e9" }), "latin1");
    expect(skimBody(bytes, null)).toBeUndefined();
  });

  it("counts what a batch says of all its events into each of them", () => {
    const events = (length: number) => ({
      batch: [{ ...track, properties: { a: "a".repeat(length) } }],
      context: { a: "a".repeat(4000) },
    });
    expect(skim(events(28_000))).toMatchObject({ events: 1 });
    expect(skim(events(29_000))).toBeUndefined();
  });

  it("says nothing of any body that parsing it would not say", () => {
    fc.assert(
      fc.property(body, route, (text, type) => expectSkimToHold(Buffer.from(text), type)),
      {
        numRuns: 3000,
      },
    );
  });

  it("says nothing wrong of a body with a byte changed, left out or put in", () => {
    const bytes = Buffer.from(
      JSON.stringify({
        batch: [
          {
            ...track,
            timestamp: "2026-11-30T09:59:58.123Z",
            properties: { price: -1.5, a: [null] },
          },
          { ...page, userId: 42, context: { page: { title: "\u00e4\n" }, ok: true } },
        ],
        writeKey: "k",
      }),
    );
    const at = fc.nat(bytes.length - 1);
    const change = fc.constantFrom("change", "leave out", "put in");
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],: \n01-.enu')));
    fc.assert(
      fc.property(at, change, byte, (place, kind, value) => {
        const [from, to] = [place, kind === "put in" ? place : place + 1];
        const middle = kind === "leave out" ? [] : [value];
        const changed = [bytes.subarray(0, from), Buffer.from(middle), bytes.subarray(to)];
        expectSkimToHold(Buffer.concat(changed), null);
      }),
      { numRuns: 5000 },
    );
  });
});

/** Bodies of good and bad events, some with the same key twice. */
const key = fc.constantFrom(
  ...["type", "event", "userId", "anonymousId", "timestamp", "originalTimestamp", "properties"],
  ...[
    "traits",
    "context",
    "groupId",
    "previousId",
    "sentAt",
    "writeKey",
    "messageId",
    "batch",
    "ip",
  ],
);
const goodTime = "2026-01-05T09:59:58.000Z";
const scalar = fc.oneof(
  fc.constantFrom<unknown[]>(
    "track",
    "page",
    "click",
    "v-1",
    " ",
    "",
    goodTime,
    12,
    -1,
    null,
    true,
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.double({ noNaN: true }),
);
const bag = fc.dictionary(fc.constantFrom("a", "ip", "email", "constructor", ""), scalar);
const member = fc.tuple(key, fc.oneof({ weight: 3, arbitrary: scalar }, bag, fc.array(scalar)));
const event = fc
  .tuple(
    fc.constantFrom<JsonObject[]>(track, page, { userId: 7 }, {}),
    fc.array(member, { maxLength: 3 }),
  )
  .map(([base, members]) => writeObject([...Object.entries(base), ...members]));
const item = fc.oneof(
  { weight: 6, arbitrary: event },
  scalar.map((value) => JSON.stringify(value)),
);
const body = fc.oneof(
  event,
  fc.array(item, { maxLength: 3 }).map((items) => `[${items.join()}]`),
  fc
    .tuple(fc.array(event, { maxLength: 3 }), fc.array(member, { maxLength: 2 }))
    .map(([events, members]) => `{"batch":[${events.join()}],${writeObject(members).slice(1)}`)
    .map((text) => text.replace(",}", "}")),
);

function writeObject(members: readonly (readonly [string, unknown])[]): string {
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${texts.join()}}`;
}

describe("isPlainTimeAt", () => {
  const isPlain = (text: string) => isPlainTimeAt(Buffer.from(`"${text}"`), 0);

  it("knows every moment that toISOString writes", () => {
    const moment = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(moment, (date) => {
        expect(isPlain(date.toISOString())).toBe(true);
      }),
    );
  });

  it("knows no other", () => {
    const digit = fc.constantFrom(..."0123456789");
    const digits = fc.array(fc.oneof(digit, fc.constantFrom(..."0:-TZ. ")), {
      minLength: 17,
      maxLength: 17,
    });
    fc.assert(
      fc.property(digits, ([...d]) => {
        const text = "0000-00-00T00:00:00.000Z".replace(/0/g, () => d.pop() ?? "0");
        if (isPlain(text)) expect(parseTime(text)).not.toBeNull();
      }),
      { numRuns: 5000 },
    );
  });
});
