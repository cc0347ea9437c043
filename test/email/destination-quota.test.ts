import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import {
  type AdmitDestinations,
  createDestinationQuota,
} from "../../src/email/destination-quota.ts";
import {
  createTestDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";

const MORNING = Date.parse("2026-01-05T06:00:00.000Z");
const urls = (...hosts: string[]) => hosts.map((host) => `https://${host}/x?y=1`);

describe.each(testEngines)("the quota of new destination hosts on %s", (engine) => {
  let database: TestDatabase;
  let now: number;
  let refused: string[][];
  let admit: AdmitDestinations;

  beforeEach(async () => {
    database = await createTestDatabase(engine);
    now = MORNING;
    refused = [];
    admit = create();
  });
  afterEach(() => database.dispose());

  function create(db: Db = database.db, limit = 3): AdmitDestinations {
    return createDestinationQuota({
      db,
      now: () => now,
      limit,
      isExempt: (workspaceId) => workspaceId === 1,
      async onRefused(_workspaceId, hosts) {
        refused.push([...hosts]);
      },
    });
  }

  it("admits so many new hosts a day, and known ones always", async () => {
    await admit(2, urls("a.test", "a.test", "b.test"));
    await admit(2, urls("c.test", "A.test."));
    await expect(admit(2, urls("a.test", "d.test"))).rejects.toMatchObject({
      code: "too_many_new_hosts",
      status: 429,
      retryAfterS: 18 * 3600,
      message: expect.stringContaining("d.test"),
      hint: expect.stringContaining("3 new hosts a day"),
    });
    await admit(2, urls("a.test", "b.test", "c.test"));
    now += 18 * 3_600_000;
    await admit(2, urls("d.test"));
  });

  it("counts each workspace alone, and not the operator's own", async () => {
    await admit(2, urls("a.test", "b.test", "c.test"));
    await admit(3, urls("d.test"));
    await admit(1, urls("e.test", "f.test", "g.test", "h.test"));
  });

  it("takes all links of a mail or none", async () => {
    await expect(admit(2, urls("a.test", "b.test", "c.test", "d.test"))).rejects.toThrow();
    await admit(2, urls("e.test", "f.test", "g.test"));
  });

  it("is not passed by many requests at once", async () => {
    const tries = Array.from({ length: 10 }, (_, index) => admit(2, urls(`h${index}.test`)));
    const answers = await Promise.allSettled(tries);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  });

  it("knows what another node admitted", async () => {
    const other = openAgain(database);
    await create(other)(2, urls("a.test", "b.test", "c.test"));
    await other.close();
    await admit(2, urls("a.test"));
    await expect(admit(2, urls("d.test"))).rejects.toThrow();
  });

  it("tells of the first refusal of a day", async () => {
    await admit(2, urls("a.test", "b.test", "c.test"));
    await expect(admit(2, urls("d.test"))).rejects.toThrow();
    await expect(admit(2, urls("e.test"))).rejects.toThrow();
    expect(refused).toEqual([["d.test"]]);
  });

  it("lets mails go out while the database is away", async () => {
    const other = openAgain(database);
    const alone = create(other);
    await other.close();
    await alone(2, urls("a.test", "b.test", "c.test", "d.test"));
  });

  it("is off at 0", async () => {
    await create(database.db, 0)(2, urls("a.test", "b.test", "c.test", "d.test"));
  });
});
