import { describe, expect, it } from "vitest";
import { readCall } from "../../src/site/script/segment/read-call.ts";

const told = () => {};
const bpc = { __t: "bpc", u: "https://a.test/x?jt=1", p: "/x", s: "?jt=1", t: "X", r: "" };

/** What Segment documents for its browser library, argument by argument. */
type Case = [method: string, given: unknown[], members: object, options?: object];
const CASES: Case[] = [
  ["track", ["A"], { event: "A", properties: {} }],
  [
    "track",
    ["A", { x: 1 }, { context: {} }, told],
    { event: "A", properties: { x: 1 } },
    { context: {} },
  ],
  ["track", ["A", undefined, told], { event: "A", properties: {} }],
  ["track", ["A", null, { timestamp: 1 }], { event: "A", properties: {} }, { timestamp: 1 }],
  [
    "identify",
    ["u1", { plan: "x" }, { context: {} }],
    { userId: "u1", traits: { plan: "x" } },
    { context: {} },
  ],
  ["identify", [{ plan: "x" }], { userId: undefined, traits: { plan: "x" } }],
  ["identify", [7], { userId: "7", traits: {} }],
  ["page", [], { name: undefined, category: undefined, properties: {} }],
  ["page", ["Start"], { name: "Start", category: undefined, properties: {} }],
  ["page", ["Docs", "Start", { d: 1 }], { category: "Docs", name: "Start", properties: { d: 1 } }],
  ["page", [{ d: 1 }], { name: undefined, category: undefined, properties: { d: 1 } }],
  ["page", [null, "Start"], { name: "Start", category: undefined, properties: {} }],
  ["pageview", ["/x"], { name: "/x", category: undefined, properties: {} }],
  ["screen", ["Home"], { name: "Home", category: undefined, properties: {} }],
  ["group", ["g1", { size: 2 }], { groupId: "g1", traits: { size: 2 } }],
  ["alias", ["new", "old"], { userId: "new", previousId: "old" }],
  ["alias", ["new", { timestamp: 1 }], { userId: "new", previousId: undefined }, { timestamp: 1 }],
];

describe("calls of Segment's browser library", () => {
  it.each(CASES)("reads %s(%j)", (method, given, members, options: object = {}) => {
    const read = readCall(method, [...given, bpc]);
    expect(read?.members).toEqual(members);
    expect(read?.options).toEqual(options);
    expect(read?.page).toMatchObject({ url: bpc.u, path: "/x" });
    expect(read?.callback).toBe(given.includes(told) ? told : undefined);
  });

  it.each(["ready", "debug", "on", "constructor", ""])("makes no call of %j", (method) => {
    expect(readCall(method, ["A"])).toBeUndefined();
  });
});
