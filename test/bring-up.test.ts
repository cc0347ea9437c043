import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bringUp } from "../src/bring-up.ts";
import { createGatedDb, type GatedDb } from "../src/db/gate.ts";
import { sql } from "../src/db/sql.ts";
import { AppError } from "../src/lib/errors.ts";
import { createLogger } from "../src/lib/log-lines.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";

const log = createLogger("silent");
const one = sql`SELECT 1 AS one`;

describe("the way up", () => {
  let database: TestDatabase;
  let gate: GatedDb;

  beforeEach(async () => {
    database = await createTestDatabase();
    gate = createGatedDb(database.db);
  });
  afterEach(() => database.dispose());

  it("says why there is no database yet, and starts what needs it once it is there", async () => {
    const away = new AppError("storage_unavailable", 503, "Nobody listens on port 5432.");
    let isAway = true;
    let started = () => {};
    const whenStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const rising = bringUp({
      gate,
      log,
      migrate: () => (isAway ? Promise.reject(away) : Promise.resolve()),
      start: async () => started(),
    });
    await rising.attempted;
    const refusal = { code: "storage_unavailable", message: away.message };
    await expect(gate.db.get(one)).rejects.toMatchObject(refusal);
    isAway = false;
    await whenStarted;
    expect(await gate.db.get(one)).toEqual({ one: 1 });
  });

  it("asks for patience while tables are being made, and takes a missing one for a bug after", async () => {
    const missing = sql`SELECT 1 AS one FROM made_later`;
    const seen: unknown[] = [];
    const rising = bringUp({
      gate,
      log,
      migrate: async () => undefined,
      start: async () => {
        seen.push(await gate.db.get(missing).catch(({ code }) => code));
      },
    });
    await rising.attempted;
    expect(seen).toEqual(["storage_unavailable"]);
    await expect(gate.db.get(missing)).rejects.not.toMatchObject({ code: "storage_unavailable" });
  });

  it("gives up at once where waiting will not mend it", async () => {
    const newer = new AppError("newer_schema", 503, "Run the newer release.");
    const rising = bringUp({
      gate,
      log,
      migrate: () => Promise.reject(newer),
      start: () => Promise.reject(new Error("It must not start.")),
    });
    await expect(rising.attempted).rejects.toBe(newer);
  });
});
