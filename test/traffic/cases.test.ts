import path from "node:path";
import { describe, expect, it } from "vitest";
import { runTrafficCases } from "../support/traffic-cases.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  process.emitWarning("CLICKTRAIL_FIXTURES is not set: the worked traffic cases were NOT run.");
}

describe.runIf(fixtures !== undefined)("the worked traffic cases", () => {
  it("are judged as expected, at arrival and in the end, in any order", async () => {
    const file = path.join(fixtures ?? "", "cases/traffic-cases.json");
    const { passed, failed } = await runTrafficCases(file, { shuffles: 200 });
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(40);
  });
});
