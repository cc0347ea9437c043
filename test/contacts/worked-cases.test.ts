import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { testEngines } from "../support/database.ts";
import { runIdentityCases } from "../support/identity-cases.ts";
import { runSessionCases } from "../support/session-cases.ts";
import { SHUFFLES, TIMEOUT_MS } from "../support/shuffle.ts";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
const file = (name: string): string => path.join(fixtures ?? "", "cases", name);
const clean = { failed: [], debatable: [] };

if (fixtures === undefined) {
  console.warn(
    "\n!!! CLICKTRAIL_FIXTURES is not set: the worked identity and session cases do NOT run. !!!\n",
  );
}

/** Orders of arrival of each case of our own, pure and through a database alike. */
const OWN_SHUFFLES = 50;
const own = fileURLToPath(new URL("own-identity-cases.json", import.meta.url));

describe("our own identity cases", () => {
  it("come out in any order of arrival", async () => {
    expect(await runIdentityCases(own, { shuffles: OWN_SHUFFLES })).toMatchObject(clean);
  });

  it.each(testEngines)(
    "come out through the projection on %s",
    async (engine) => {
      const shuffles = Math.min(SHUFFLES, OWN_SHUFFLES);
      expect(await runIdentityCases(own, { engine, shuffles })).toMatchObject(clean);
    },
    TIMEOUT_MS,
  );
});

describe.runIf(fixtures !== undefined)("worked cases", () => {
  it("gives every identity case its owners and flags, in 200 orders of arrival", async () => {
    expect(await runIdentityCases(file("identity-cases.json"))).toMatchObject(clean);
  });

  it("gives every session case its sessions, in 200 orders of arrival", async () => {
    expect(await runSessionCases(file("session-cases.json"))).toMatchObject(clean);
  });

  describe.each(testEngines)("through the projection on %s", (engine) => {
    const options = { engine, shuffles: SHUFFLES };

    it(
      "gives every identity case the same, in any order and slices",
      async () => {
        const report = await runIdentityCases(file("identity-cases.json"), options);
        expect(report).toMatchObject(clean);
      },
      TIMEOUT_MS,
    );

    it(
      "gives every session case the same, in any order and slices",
      async () => {
        const report = await runSessionCases(file("session-cases.json"), options);
        expect(report).toMatchObject(clean);
      },
      TIMEOUT_MS,
    );
  });
});
