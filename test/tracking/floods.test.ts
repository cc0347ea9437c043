import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFloods } from "../../src/tracking/floods.ts";

const LIMIT = 50;

function createGate() {
  const facts: Record<string, unknown>[] = [];
  const floods = createFloods({
    limit: LIMIT,
    gatherMs: 0,
    record(json, done) {
      facts.push(JSON.parse(json));
      done("durable");
    },
    createId: () => `id-${facts.length}`,
  });
  return { floods, facts };
}

function linkOf(recipient: number) {
  return {
    workspaceId: 1,
    campaignId: "AAAAAAAAAAM",
    index: 0,
    destination: "https://shop.test/",
    contact: Buffer.from(`contact${recipient}`.padEnd(8)).toString("base64url"),
    exception: undefined,
    message: "AAAAAAAAAAI",
  };
}

describe("floods", () => {
  it("leaves 10,000 hits a minute on one token alone, unless told otherwise", () => {
    const floods = createFloods({ record() {}, createId: String });
    const isSurplus = Array.from({ length: 10_001 }, () =>
      floods.isSurplus("click", linkOf(1), 1000),
    );
    expect(isSurplus.indexOf(true)).toBe(10_000);
  });

  it("begins anew with every minute", () => {
    const { floods } = createGate();
    for (let hit = 0; hit <= LIMIT; hit++) floods.isSurplus("click", linkOf(1), 59_999);
    expect(floods.isSurplus("click", linkOf(1), 59_999)).toBe(true);
    expect(floods.isSurplus("click", linkOf(1), 60_000)).toBe(false);
  });

  it("never takes another token for the flooded one", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 5000 }), (others) => {
        const { floods } = createGate();
        const seen = new Map<number, number>();
        for (const other of others) {
          floods.isSurplus("click", linkOf(0), 0);
          seen.set(other, (seen.get(other) ?? 0) + 1);
          const isSurplus = floods.isSurplus("click", linkOf(other), 0);
          if ((seen.get(other) ?? 0) <= LIMIT) expect(isSurplus).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("tells a click from an open, and one link from another", () => {
    const { floods } = createGate();
    for (let hit = 0; hit <= LIMIT; hit++) floods.isSurplus("click", linkOf(1), 0);
    expect(floods.isSurplus("click", linkOf(1), 0)).toBe(true);
    expect(floods.isSurplus("open", linkOf(1), 0)).toBe(false);
    expect(floods.isSurplus("click", { ...linkOf(1), index: 1 }, 0)).toBe(false);
  });

  it("answers only when the count that holds a hit is kept, and counts every one", async () => {
    const { floods, facts } = createGate();
    const answers = Array.from(
      { length: 100 },
      (_, hit) =>
        new Promise<string>((resolve) => floods.count("click", linkOf(hit % 2), hit, resolve)),
    );
    expect(facts).toEqual([]);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["durable"]));
    const counts = facts.map(({ properties }) => JSON.parse(String(properties)));
    expect(counts).toEqual([
      { hits: 50, kind: "click", since: 0, until: 98 },
      { hits: 50, kind: "click", since: 1, until: 99 },
    ]);
  });
});
