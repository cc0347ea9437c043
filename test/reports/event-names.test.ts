import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admitNames, keyOf, listNames, MOST_EVENT_NAMES } from "../../src/reports/event-names.ts";

const NOBODY = { admitted: new Set<string>(), counts: new Map<number, number>() };
const named = (workspace_id: number, name: string, day = 0) => ({ workspace_id, name, day });

describe("admitNames", () => {
  it("takes the first up to the limit, of each workspace for itself", () => {
    const many = Array.from({ length: MOST_EVENT_NAMES + 5 }, (_, n) => named(1, `n${n}`));
    const admitted = admitNames([...many, named(2, "mine")], NOBODY);
    expect(admitted.size).toBe(MOST_EVENT_NAMES + 1);
    expect(admitted.has("1 n0")).toBe(true);
    expect(admitted.has(`1 n${MOST_EVENT_NAMES}`)).toBe(false);
    expect(admitted.has("2 mine")).toBe(true);
  });

  it("keeps who has a place already when all are taken", () => {
    const full = { admitted: new Set(["1 old"]), counts: new Map([[1, MOST_EVENT_NAMES]]) };
    expect([...admitNames([named(1, "new"), named(1, "old")], full)]).toEqual(["1 old"]);
  });

  it("gives the same however the names were cut into batches", () => {
    const workspaceAndName = fc.tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 0, max: 9 }),
    );
    fc.assert(
      fc.property(
        fc.array(workspaceAndName, { maxLength: 40 }),
        fc.nat(40),
        fc.nat(8),
        (drawn, cut, room) => {
          const seen = drawn.map(([workspace, n]) => named(workspace, `n${n}`));
          const start = { ...NOBODY, counts: new Map([[1, MOST_EVENT_NAMES - room]]) };
          const first = admitNames(seen.slice(0, cut), start);
          const counts = new Map(
            [1, 2].map((workspace) => [
              workspace,
              (start.counts.get(workspace) ?? 0) +
                [...first].filter((key) => key.startsWith(`${workspace} `)).length,
            ]),
          );
          const both = admitNames(seen.slice(cut), { admitted: first, counts });
          expect([...both]).toEqual([...admitNames(seen, start)]);
        },
      ),
    );
  });
});

it("lists names once, without the standard ones, by the last day", () => {
  const seen = [named(1, "b", 5), named(1, "purchase"), named(1, "a"), named(1, "b", 3)];
  expect(listNames(seen).map((one) => [keyOf(one), one.day])).toEqual([
    ["1 b", 5],
    ["1 a", 0],
  ]);
});
