import path from "node:path";
import { describe, expect, it } from "vitest";
import { testEngines } from "../support/database.ts";
import { SHUFFLES, TIMEOUT_MS } from "../support/shuffle.ts";
import { runTrafficCases } from "../support/traffic-cases.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  process.emitWarning(
    "CLICKTRAIL_FIXTURES is not set: the traffic cases were NOT run on a database.",
  );
}

describe.runIf(fixtures !== undefined).each(testEngines)(
  "the traffic projection on %s",
  (engine) => {
    it(
      "judges the worked cases as expected, in any order and in batches cut anywhere",
      async () => {
        const file = path.join(fixtures ?? "", "cases/traffic-cases.json");
        const { passed, failed } = await runTrafficCases(file, { shuffles: SHUFFLES, engine });
        expect(failed).toEqual([]);
        expect(passed).toBeGreaterThanOrEqual(40);
      },
      TIMEOUT_MS,
    );
  },
);
