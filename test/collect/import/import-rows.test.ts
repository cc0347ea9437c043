import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importRow } from "../../../src/collect/import/import-rows.ts";
import { createMapping, type ImportKind } from "../../../src/collect/import/mapping.ts";
import { type ImportFormat, type Row, readRows } from "../../../src/collect/import/read-rows.ts";
import type { JsonObject } from "../../../src/collect/json-object.ts";
import { NOW } from "../app.ts";

function read(row: JsonObject, kind: ImportKind = "events", map: readonly string[] = []) {
  const mapping = createMapping(kind, Object.keys(row), map);
  return importRow(row, {
    kind,
    mapping,
    workspaceId: 1,
    sourceId: "import",
    receivedAt: NOW,
    clickParam: "jt",
    storableIp: () => null,
    findPlanned: () => null,
  });
}

function factOf(row: JsonObject, kind: ImportKind = "events", map: readonly string[] = []) {
  const read_ = read(row, kind, map);
  if ("problem" in read_) throw new Error(read_.problem);
  return read_.fact;
}

describe("a row of events", () => {
  const order = {
    "User ID": "u1",
    Email: "ana@example.com",
    "Event Name": "Order Completed",
    Timestamp: "2020-03-01T10:00:00Z",
    total: "12.50",
    currency: "EUR",
  };

  it("is the fact that the same call would be, at its own time", () => {
    expect(factOf(order)).toMatchObject({
      source: "server",
      type: "track",
      name: "purchase",
      user_id: "u1",
      email_claim: "ana@example.com",
      occurred_at: Date.parse("2020-03-01T10:00:00Z"),
      value_minor: 1250,
      currency: "EUR",
      context: { imported: 1 },
    });
  });

  it.each(["1583056800", "1583056800000", 1_583_056_800])("takes %j as a time", (Timestamp) => {
    expect(factOf({ ...order, Timestamp }).occurred_at).toBe(1_583_056_800_000);
  });

  it("belongs to the address where nothing else says whose it is", () => {
    const fact = factOf({ email: "bob@example.com", event: "Signed Up", date: "2020-03-01" });
    expect(fact).toMatchObject({ user_id: null, email_claim: "bob@example.com" });
  });

  it("is a page view where it names an address and no event", () => {
    const fact = factOf({ user_id: "u1", url: "https://x.example/a", time: "2020-03-01" });
    expect(fact).toMatchObject({ type: "page", url: "https://x.example/a" });
  });

  it("goes where the mapping says, and leaves out what it leaves out", () => {
    const row = { who: "u1", what: "Signed Up", when: "2020-03-01", secret: "x", plan: "pro" };
    const map = ["who=userId", "what=event", "when=timestamp", "secret="];
    expect(factOf(row, "events", map)).toMatchObject({
      user_id: "u1",
      properties: { plan: "pro" },
    });
  });

  it.each([
    [{ user_id: "u1", event: "x" }, /no time/],
    [{ ...order, Timestamp: "soon" }, /"soon" is no time/],
    [{ ...order, Email: "ana" }, /"ana" is no email address/],
    [{ event: "x", time: "2020-03-01" }, /userId/],
    [{ ...order, properties: "{broken" }, /JSON object as properties/],
  ])("is refused with a reason: %j", (row, reason) => {
    expect(read(row)).toEqual({ problem: expect.stringMatching(reason) });
  });

  it("has an id of its content, whatever the order of its columns", () => {
    const ids = fc.dictionary(fc.string(), fc.string({ minLength: 1 }), { maxKeys: 5 });
    fc.assert(
      fc.property(ids, (more) => {
        const row = { ...more, ...order };
        const turned = Object.fromEntries(Object.entries(row).reverse());
        const [first, again] = [read(row), read(turned)];
        if ("problem" in first || "problem" in again) return;
        expect(again.fact.event_id).toBe(first.fact.event_id);
      }),
    );
    expect(factOf({ ...order, total: "13" }).event_id).not.toBe(factOf(order).event_id);
  });
});

describe("a row of contacts", () => {
  it("names a contact with traits", () => {
    const row = { id: "u1", email: "ana@example.com", plan: "pro", created_at: "2019-05-01" };
    expect(factOf(row, "contacts")).toMatchObject({
      type: "identify",
      user_id: "u1",
      email_claim: "ana@example.com",
      occurred_at: Date.parse("2019-05-01"),
      properties: { traits: { plan: "pro", email: "ana@example.com" } },
    });
  });
});

describe("a mapping", () => {
  it("gives a field to one column only, and the column without a name to none", () => {
    const columns = ["", "time", "created_at", "mail"];
    expect(createMapping("events", columns, ["mail=email"])).toEqual(
      new Map([
        ["", null],
        ["time", "timestamp"],
        ["created_at", "properties.created_at"],
        ["mail", "email"],
      ]),
    );
  });

  it.each([
    ["mail=email", /no column "mail"/],
    ["Mail=adress", /no field "adress"/],
    ["Mail", /column=field/],
  ])("%s says what would be right", (pair, message) => {
    expect(() => createMapping("events", ["Mail"], [pair])).toThrow(message);
  });
});

describe("reading rows", () => {
  async function all(text: string, format: ImportFormat): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of readRows(Readable.from([Buffer.from(text)]), format)) rows.push(row);
    return rows;
  }

  it("reads CSV with a mark, quotes, semicolons and lines within cells", async () => {
    const rows = await all('\uFEFFa;b\r\n"1;2";"x\ny"\r\n\r\n3\r\n', "csv");
    expect(rows).toMatchObject([
      { row: { a: "1;2", b: "x\ny" } },
      { problem: "Expected 2 columns, got 1.", line: 5 },
    ]);
  });

  it("reads NDJSON and goes on after a bad line", async () => {
    const rows = await all('{"a":1}\nnonsense\n[1]\n\n{"a":"ü"}', "ndjson");
    expect(rows).toMatchObject([
      { line: 1, row: { a: 1 } },
      { line: 2, problem: expect.stringMatching(/^Not JSON/) },
      { line: 3, problem: "Expected a JSON object." },
      { line: 5, row: { a: "ü" } },
    ]);
  });
});
