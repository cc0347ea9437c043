import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSignals } from "../../src/traffic/signals.ts";
import { PUBLISHED_RULES } from "../support/published-rules.ts";
import {
  type CaseHit,
  judgeCase,
  readTrafficCases,
  type TrafficCase,
} from "../support/traffic-cases.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
const page = fileURLToPath(new URL("../../docs/traffic.md", import.meta.url));
const TABLE = /(?<=<!-- comparison -->\n)[\s\S]*?(?=<!-- \/comparison -->)/;

if (fixtures === undefined) {
  process.emitWarning(
    "CLICKTRAIL_FIXTURES is not set: the comparison with published rules was NOT made.",
  );
}

interface Score {
  readonly found: number;
  readonly dropped: number;
}

describe.runIf(fixtures !== undefined)("our rules beside published ones", async () => {
  // What is left out is collected all the same.
  const { cases, classify } =
    fixtures === undefined
      ? { cases: [], classify: () => undefined }
      : await readTrafficCases(path.join(fixtures, "cases/traffic-cases.json"));
  const signals = await loadSignals();
  const labelled = cases.filter(({ isDebatable }) => !isDebatable);
  const hits = labelled.flatMap((given) => given.hits);
  const people = hits.filter(({ expect: label }) => label === "human").length;
  const machines = hits.length - people;

  function score(isFiltered: (given: TrafficCase) => (hit: CaseHit) => boolean): Score {
    let [found, dropped] = [0, 0];
    for (const given of labelled) {
      for (const hit of given.hits.filter(isFiltered(given))) {
        if (hit.expect === "human") dropped += 1;
        else found += 1;
      }
    }
    return { found, dropped };
  }

  const ours = score((given) => {
    const verdicts = judgeCase(given, given.hits, classify, signals);
    return ({ id }) => verdicts.get(id)?.verdict !== "human";
  });
  const others = Object.entries(PUBLISHED_RULES).map(([name, rule]) => ({
    name,
    ...score((given) => (hit) => rule(hit, given, classify)),
  }));

  it("finds every machine and drops nobody", () => {
    expect(ours).toEqual({ found: machines, dropped: 0 });
  });

  it("finds more than any published rule, which all drop people or find little", () => {
    for (const other of others) {
      expect(other.found, other.name).toBeLessThan(ours.found);
      expect(other.dropped > 0 || other.found < machines / 4, other.name).toBe(true);
    }
  });

  it("is what docs/traffic.md says (UPDATE_DOCS=1 writes it)", () => {
    const rows = [{ name: "clicktrail", ...ours }, ...others].map(
      ({ name, found, dropped }) => `| ${name} | ${found} | ${dropped} |\n`,
    );
    const table = `| rule | machines and prefetches found, of ${machines} | people dropped, of ${people} |\n| --- | --- | --- |\n${rows.join("")}`;
    const text = readFileSync(page, "utf8");
    if (process.env["UPDATE_DOCS"]) writeFileSync(page, text.replace(TABLE, table));
    else expect(TABLE.exec(text)?.[0]).toBe(table);
  });
});
