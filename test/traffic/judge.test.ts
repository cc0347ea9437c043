import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hit, MailFacts, Signal, Verdict } from "../../src/traffic/define.ts";
import { judge } from "../../src/traffic/judge.ts";
import { loadSignals } from "../../src/traffic/signals.ts";
import { shuffled } from "../support/shuffle.ts";
import { arbitraryHit, arbitraryHits } from "../support/traffic-arbitraries.ts";
import { ORDINARY_CLICK, ORDINARY_MAIL } from "../support/traffic-hits.ts";

const signals = await loadSignals();
const mail: MailFacts = { ...ORDINARY_MAIL, traps: new Set(["5"]), unsubscribes: new Set(["4"]) };
const mailOf = (): MailFacts => mail;

describe("judge", () => {
  it.each<[string, Partial<Hit>, string, string, number]>([
    ["an ordinary click", {}, "human", "high", 0],
    ["no user agent alone", { userAgent: "" }, "human", "low", 45],
    [
      "no user agent from a data centre",
      { userAgent: "", network: "hosting" },
      "machine",
      "low",
      70,
    ],
    ["a scanner's range", { network: "scanner_certain" }, "machine", "high", 100],
    [
      "a scanner's range, but engaged",
      { network: "scanner_certain", engaged: true },
      "human",
      "high",
      0,
    ],
    ["HEAD, whatever speaks for a person", { method: "HEAD", engaged: true }, "machine", "high", 0],
    [
      "a prefetch of the hidden link",
      { link: "5", headers: { purpose: "prefetch" } },
      "prefetch",
      "high",
      0,
    ],
    ["a link preview", { userAgent: "Slackbot-LinkExpanding 1.0" }, "prefetch", "high", 0],
    ["a bare agent that clicks", { userAgent: "Mozilla/5.0" }, "machine", "high", 100],
    ["a bare agent that opens", { kind: "open", userAgent: "Mozilla/5.0" }, "prefetch", "high", 0],
    [
      "an open from a scanner's range",
      { kind: "open", network: "scanner_certain" },
      "human",
      "high",
      0,
    ],
    ["an open through a proxy", { kind: "open", userAgent: "YahooMailProxy" }, "human", "low", 0],
    ["an open right at delivery", { kind: "open", at: 0 }, "human", "high", 0],
  ])("%s", (_says, hit, verdict, certainty, score) => {
    const verdicts = judge([{ ...ORDINARY_CLICK, ...hit }], { signals, mailOf });
    expect(verdicts.get("hit")).toMatchObject({ verdict, certainty, score });
  });

  it("takes strangers who share a link without a contact for several people", () => {
    const hits = ["0", "1", "2"].map((link, index) => ({
      ...ORDINARY_CLICK,
      id: link,
      link,
      at: index * 100,
      contact: null,
      address: `192.0.2.${index}`,
    }));
    const verdicts = judge(hits, { signals, mailOf });
    expect([...verdicts.values()].map(({ verdict }) => verdict)).toEqual([
      "human",
      "human",
      "human",
    ]);
  });

  it("answers the same in every order of arrival", () => {
    fc.assert(
      fc.property(arbitraryHits, fc.integer({ min: 1 }), (hits, seed) => {
        const inOrder = judge(hits, { signals, mailOf });
        const otherwise = judge(shuffled(hits, seed), { signals, mailOf });
        expect(Object.fromEntries(otherwise)).toEqual(Object.fromEntries(inOrder));
      }),
    );
  });

  it("never finds a hit more human for one more hit beside it", () => {
    fc.assert(
      fc.property(arbitraryHits, arbitraryHit, (hits, extra) => {
        const before = judge(hits, { signals, mailOf });
        const after = judge([...hits, { ...extra, id: "extra" }], { signals, mailOf });
        for (const { id } of hits) {
          expect(suspicion(after.get(id))).toBeGreaterThanOrEqual(suspicion(before.get(id)));
        }
      }),
    );
  });

  it("never finds a hit more human for one more machine signal", () => {
    const machineSignals = signals.filter(({ weight }) => weight > 0);
    fc.assert(
      fc.property(
        fc.subarray([...signals]),
        fc.constantFrom(...machineSignals),
        (firing, extra) => {
          const [before, after] = [firing, [...firing, extra]].map(judgeFiring);
          expect(suspicion(after)).toBeGreaterThanOrEqual(suspicion(before));
        },
      ),
    );
  });
});

function judgeFiring(firing: readonly Signal[]): Verdict | undefined {
  const names = new Set(firing.map(({ name }) => name));
  const forced = signals.map((signal) => ({
    ...signal,
    test: () => (names.has(signal.name) ? "forced" : undefined),
  }));
  return judge([ORDINARY_CLICK], { signals: forced, mailOf }).get("hit");
}

/** From a certain person to a certain machine. A prefetch stays one, whatever happens. */
function suspicion(verdict: Verdict | undefined): number {
  if (verdict?.verdict === "machine") return verdict.certainty === "high" ? 3 : 2;
  return verdict?.certainty === "high" ? 0 : 1;
}
