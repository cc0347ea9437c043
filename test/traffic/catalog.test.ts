import { describe, expect, it } from "vitest";
import type { Example } from "../../src/traffic/define.ts";
import { judge } from "../../src/traffic/judge.ts";
import { loadSignals } from "../../src/traffic/signals.ts";
import { ORDINARY_CLICK, ORDINARY_MAIL } from "../support/traffic-hits.ts";

const signals = await loadSignals();

describe.each(signals)("signal $name", ({ name, examples, unless = [] }) => {
  it.each(examples.map((example) => [example.fires ? "fires" : "is silent", example] as const))(
    "%s: $says",
    (_does, example) => {
      expect(firedBy(example).includes(name)).toBe(example.fires);
    },
  );

  it("shows both when it fires and when it doesn't", () => {
    expect(new Set(examples.map(({ fires }) => fires))).toEqual(new Set([true, false]));
  });

  it("steps back only for signals that exist", () => {
    expect(signals.map((signal) => signal.name)).toEqual(expect.arrayContaining([...unless]));
  });
});

describe("the catalog", () => {
  it("steps back only for signals at least as strong and as certain", () => {
    for (const { name, weight, certain = false, decides = false, unless = [] } of signals) {
      for (const stronger of signals.filter((signal) => unless.includes(signal.name))) {
        expect(stronger.weight, name).toBeGreaterThanOrEqual(weight);
        expect(stronger.certain ?? false, name).toBe(certain || (stronger.certain ?? false));
        expect(stronger.decides ?? false, name).toBe(decides || (stronger.decides ?? false));
        expect(stronger.category, name).toBe(signals.find((s) => s.name === name)?.category);
      }
    }
  });
});

function firedBy({ hit, others = [], mail }: Example): string[] {
  const judged = { ...ORDINARY_CLICK, ...hit };
  const hits = [judged, ...others.map((other, n) => ({ ...judged, id: `other ${n}`, ...other }))];
  const verdicts = judge(hits, { signals, mailOf: () => ({ ...ORDINARY_MAIL, ...mail }) });
  return verdicts.get(judged.id)?.reasons.map(({ signal }) => signal) ?? [];
}
