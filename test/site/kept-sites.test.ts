import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { createGatedDb } from "../../src/db/gate.ts";
import { createKeptCopies, type KeptCopy } from "../../src/lib/kept-copy.ts";
import { createSites, type Sites } from "../../src/site/sites.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const BY = { kind: "user", id: "u1" } as const;

describe("the sites that a node kept on its disk", () => {
  let database: TestDatabase;
  let folder: string;
  let errors: unknown[];
  let running: Sites[];

  beforeEach(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-kept-"));
    errors = [];
    running = [];
  });
  afterEach(async () => {
    for (const sites of running) sites.stop();
    await database.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** A node of its own on the same folder. */
  function create(db: Db, kept: KeptCopy): Sites {
    const sites = createSites({
      db,
      kept,
      builtInSite: undefined,
      createSiteKey: async () => "key",
      readTriggers: async () => [],
      record: async () => {},
      createId: () => `id${running.length}`,
      now: () => 0,
      onError: (error) => errors.push(error),
    });
    running.push(sites);
    return sites;
  }

  const openCopy = () => createKeptCopies(folder, (error) => errors.push(error)).of("sites");

  /** As a run leaves it: a site that sends nothing. */
  async function leaveCopy(): Promise<string> {
    const kept = openCopy();
    const sites = create(database.db, kept);
    const { site } = await sites.create(1, { name: "Shop", hosts: ["*.shop.test"] });
    await sites.update(1, site.id, { collects: "nothing" }, BY);
    await kept.settle();
    return site.id;
  }

  it("tell hosts and switches at a start without the database", async () => {
    const id = await leaveCopy();
    // A gate that was not opened: the database is away.
    const restarted = create(createGatedDb(database.db).db, openCopy());
    await restarted.restore();
    await restarted.start();
    expect(errors).toMatchObject([{ code: "storage_unavailable" }]);
    expect(restarted.isSiteHost(1, "www.shop.test")).toBe(true);
    expect(restarted.isSiteHost(2, "www.shop.test")).toBe(false);
    expect(restarted.isSiteHost(1, "elsewhere.test")).toBe(false);
    expect(restarted.live(1, id)).toEqual({ collects: "nothing", triggers: [] });
  });

  it("hold until the database is asked, and not a moment longer", async () => {
    const id = await leaveCopy();
    const kept = openCopy();
    const restarted = create(database.db, kept);
    await restarted.restore();
    await create(database.db, kept).update(1, id, { hosts: ["new.test"] }, BY);
    await restarted.start();
    expect(restarted.isSiteHost(1, "www.shop.test")).toBe(false);
    expect(restarted.isSiteHost(1, "new.test")).toBe(true);
    await kept.settle();
    const text = await readFile(path.join(folder, "sites.ndjson"), "utf8");
    expect(text).toContain("new.test");
    expect(text).not.toContain("shop.test");
  });

  it("are written again only when they changed", async () => {
    let writes = 0;
    const kept: KeptCopy = {
      read: async () => undefined,
      write: () => {
        writes += 1;
      },
      settle: async () => {},
    };
    const sites = create(database.db, kept);
    await sites.create(1, { name: "Shop", hosts: ["shop.test"] });
    await sites.refresh();
    await sites.refresh();
    expect(writes).toBe(1);
  });
});
