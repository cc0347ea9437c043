import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createExceptions, decideException, type Exceptions } from "../../src/email/exceptions.ts";
import { type ChangedLink, createVersionStore } from "../../src/email/store-versions.ts";
import type { KeptCopy } from "../../src/lib/kept-copy.ts";
import {
  createTestDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";

const NOW = 1_767_607_200_000;
const version = { version: 4, changedAt: 0, actor: { kind: "user", id: "u1" } };
const settings = { ...version, campaignId: "k1", stopped: false, expiresAt: null, fallback: null };
const link: ChangedLink = { ...settings, linkId: "0", destination: null };
const campaign = { ...settings, cost: null };

describe("what a click meets", () => {
  const decide = (
    ofLink: Partial<ChangedLink> | undefined,
    ofCampaign: Partial<ChangedLink> | undefined,
    fallback?: string,
  ) =>
    decideException(
      ofLink && { ...link, ...ofLink },
      ofCampaign && { ...campaign, ...ofCampaign },
      NOW,
      fallback,
    );

  it.each([
    ["nothing was changed", undefined, undefined, undefined],
    ["an edit", { destination: "b" }, undefined, { version: 4, destination: "b", state: null }],
    ["an edit that was undone", {}, undefined, undefined],
    ["not expired yet", { expiresAt: NOW + 1 }, { expiresAt: NOW + 1 }, undefined],
    [
      "expired this moment",
      { expiresAt: NOW },
      undefined,
      { version: 4, destination: null, state: "expired" },
    ],
    [
      "expired with its campaign",
      undefined,
      { expiresAt: 1 },
      { version: null, destination: null, state: "expired" },
    ],
    ["a later expiry of its own", { expiresAt: NOW + 1 }, { expiresAt: 1 }, undefined],
    [
      "stopped, whatever it was edited to",
      { stopped: true, destination: "b" },
      undefined,
      { version: 4, destination: null, state: "stopped" },
    ],
    [
      "stopped before expired",
      { expiresAt: 1 },
      { stopped: true },
      { version: 4, destination: null, state: "stopped" },
    ],
    [
      "its own fallback",
      { stopped: true, fallback: "f" },
      { fallback: "c" },
      { version: 4, destination: "f", state: "stopped" },
    ],
    [
      "its campaign's fallback",
      { stopped: true },
      { fallback: "c" },
      { version: 4, destination: "c", state: "stopped" },
    ],
    ["a fallback while it lives", { fallback: "f" }, { fallback: "c" }, undefined],
  ])("%s", (_case, ofLink, ofCampaign, expected) => {
    expect(decide(ofLink, ofCampaign)).toEqual(expected);
  });

  it("the installation's fallback comes last", () => {
    expect(decide({ stopped: true }, {}, "i")?.destination).toBe("i");
    expect(decide({ stopped: true, fallback: "f" }, {}, "i")?.destination).toBe("f");
  });
});

describe.each(testEngines)("the exceptions in memory on %s", (engine) => {
  let database: TestDatabase;
  const running: Exceptions[] = [];
  const errors: unknown[] = [];

  beforeEach(async () => {
    database = await createTestDatabase(engine);
    errors.length = 0;
  });
  afterEach(async () => {
    for (const one of running.splice(0)) one.stop();
    await database.dispose();
  });

  function create(db = database.db, kept?: KeptCopy): Exceptions {
    const exceptions = createExceptions({
      db,
      ...(kept && { kept }),
      now: () => NOW,
      fallback: undefined,
      onError: (error) => errors.push(error),
    });
    running.push(exceptions);
    return exceptions;
  }

  it("hold the newest version of each link, in its own workspace and campaign", async () => {
    const store = createVersionStore(database.db);
    await store.addLinkVersion(1, { ...link, version: 1, destination: "https://a/" });
    await store.addLinkVersion(1, { ...link, version: 2, destination: "https://b/" });
    await store.addLinkVersion(1, { ...link, version: 1, linkId: "7", stopped: true });
    await store.addCampaignVersion(1, { ...campaign, version: 1, campaignId: "k2", stopped: true });
    const exceptions = create();
    await exceptions.start();
    expect(exceptions.find(1, "k1", 0)).toMatchObject({ version: 2, destination: "https://b/" });
    expect(exceptions.find(1, "k1", 7)).toMatchObject({ state: "stopped" });
    expect(exceptions.find(1, "k2", 3)).toMatchObject({ state: "stopped" });
    expect(exceptions.find(1, "k1", 1)).toBeUndefined();
    expect(exceptions.find(2, "k1", 0)).toBeUndefined();
    await store.addLinkVersion(1, { ...link, version: 3 });
    await exceptions.refresh();
    expect(exceptions.find(1, "k1", 0)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it("refuse a version that somebody else made meanwhile, and leave theirs in force", async () => {
    const store = createVersionStore(database.db);
    await store.addLinkVersion(1, { ...link, version: 1, destination: "https://theirs/" });
    await expect(
      store.addLinkVersion(1, { ...link, version: 1, destination: "https://ours/" }),
    ).rejects.toMatchObject({ code: "stale_write" });
    const exceptions = create();
    await exceptions.refresh();
    expect(exceptions.find(1, "k1", 0)?.destination).toBe("https://theirs/");
  });

  it("stay as they were while the database is away", async () => {
    const other = openAgain(database);
    await createVersionStore(database.db).addLinkVersion(1, { ...link, stopped: true });
    const exceptions = create(other);
    await exceptions.start();
    await other.close();
    await expect(exceptions.refresh()).rejects.toThrow();
    expect(exceptions.find(1, "k1", 0)).toMatchObject({ state: "stopped" });
    await expect.poll(() => errors.length, { timeout: 5000 }).toBeGreaterThan(0);
    expect(exceptions.find(1, "k1", 0)).toMatchObject({ state: "stopped" });
  });

  it("are those of an earlier run until the database is asked, and not a moment longer", async () => {
    const store = createVersionStore(database.db);
    const kept = keepInMemory();
    await store.addLinkVersion(1, { ...link, stopped: true });
    await store.addLinkVersion(2, { ...link, destination: "https://b/" });
    await store.addCampaignVersion(1, { ...campaign, campaignId: "k2", stopped: true });
    await create(database.db, kept).start();

    const restarted = create(database.db, kept);
    await restarted.restore();
    expect(restarted.find(1, "k1", 0)).toMatchObject({ state: "stopped" });
    expect(restarted.find(2, "k1", 0)).toMatchObject({ destination: "https://b/" });
    expect(restarted.find(1, "k2", 9)).toMatchObject({ state: "stopped" });

    // A backup is put back: as many versions in one workspace, none in the other.
    await database.db.run(sql`UPDATE link_versions SET stopped = 0, destination = 'https://c/'`);
    await database.db.run(sql`DELETE FROM version_counts WHERE workspace_id = 2`);
    await restarted.start();
    expect(restarted.find(1, "k1", 0)).toMatchObject({ destination: "https://c/" });
    expect(restarted.find(2, "k1", 0)).toBeUndefined();
    const again = create(database.db, kept);
    await again.restore();
    expect(again.find(1, "k1", 0)).toMatchObject({ destination: "https://c/" });
  });

  it("follow another node's change within a second", async () => {
    const other = openAgain(database);
    const exceptions = create(other);
    await exceptions.start();
    await createVersionStore(database.db).addLinkVersion(1, { ...link, stopped: true });
    await expect
      .poll(() => exceptions.find(1, "k1", 0)?.state, { timeout: 2000, interval: 20 })
      .toBe("stopped");
    exceptions.stop();
    await other.close();
  });
});

/** A copy on disk without the disk. */
function keepInMemory(): KeptCopy {
  let text: string | undefined;
  return {
    read: async () => (text === undefined ? undefined : JSON.parse(text)),
    write(rows) {
      text = JSON.stringify([...rows()]);
    },
    settle: async () => {},
  };
}
