import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createId } from "../../src/lib/ids.ts";
import type { EventRow } from "../../src/log/event.ts";
import { createFailedEvent } from "../../src/log/failed-events.ts";
import { createImporter, type Importer, type ImportTrouble } from "../../src/log/importer.ts";
import { type Journal, openJournal } from "../../src/log/journal.ts";
import { SEGMENT_HEADER } from "../../src/log/segment.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { siteFact } from "../support/facts.ts";
import { frameOf } from "../support/frames.ts";

describe.each(testEngines)("the importer on %s", (engine) => {
  let folder: string;
  let database: TestDatabase;
  let journal: Journal;
  let importer: Importer;
  let troubles: ImportTrouble[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-import-"));
    database = await createTestDatabase(engine);
    troubles = [];
  });
  afterEach(async () => {
    await importer.stop();
    await journal.close();
    await database.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(segmentBytes = 1e6): Promise<void> {
    journal = await openJournal({
      folder,
      createId: () => createId(1),
      monotonicNow: () => performance.now(),
      limits: { segmentBytes },
    });
    importer = createImporter({
      journal,
      db: database.db,
      nodeId: "node-1",
      createId: () => createId(1),
      now: () => 1,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    importer.start();
  }

  async function restart(): Promise<void> {
    await importer.stop();
    await journal.close();
    await open();
  }

  function frameOfSite(id: string): Buffer {
    return frameOf(JSON.stringify(siteFact(id)), 1);
  }

  /** What an earlier run left behind. */
  async function writeSegment(...pieces: Buffer[]): Promise<void> {
    await writeFile(
      path.join(folder, "0000000001-x.seg"),
      Buffer.concat([SEGMENT_HEADER, ...pieces]),
    );
  }

  async function importedIds(): Promise<string[]> {
    expect(await importer.drained(10_000)).toBe(true);
    const rows = await database.db.all<{ event_id: string }>(
      sql`SELECT event_id FROM events ORDER BY event_id`,
    );
    return rows.map(({ event_id }) => event_id);
  }

  it("makes way to the hits of a burst once, but to nobody who waits for it", async () => {
    await open();
    expect(await importer.drained(10_000)).toBe(true);
    importer.setBusy(true);
    await journal.append([siteFact("a")]);
    // Somebody asks for it: the hold of two seconds must not keep him.
    const startedAt = performance.now();
    expect(await importedIds()).toEqual(["a"]);
    expect(performance.now() - startedAt).toBeLessThan(1500);
    // And nobody has to: after the hold the import goes on, busy or not.
    await journal.append([siteFact("b")]);
    await expect.poll(() => importer.stats().imported, { timeout: 10_000 }).toBe(2);
    if (engine === "sqlite") expect(performance.now() - startedAt).toBeGreaterThan(1500);
    importer.setBusy(false);
    await journal.append([siteFact("c")]);
    await expect.poll(() => importer.stats().imported, { timeout: 10_000 }).toBe(3);
  });

  it("moves every fact into the log, whole", async () => {
    await open();
    const fact: EventRow = siteFact("a", {
      user_id: 'o"brien, \\ ünï',
      value_minor: 1234,
      currency: "EUR",
      context: { page: { title: "{,}[]\n" } },
      properties: { list: [1, "zwei", null] },
    });
    await journal.append([fact]);
    await importer.drained(10_000);
    const row = await database.db.get<EventRow & { context: string; properties: string }>(
      sql`SELECT * FROM events`,
    );
    expect(row).toMatchObject({
      workspace_id: 1,
      event_id: "a",
      user_id: 'o"brien, \\ ünï',
      value_minor: 1234,
      currency: "EUR",
      url: null,
    });
    expect(JSON.parse(row?.context ?? "")).toEqual(fact.context);
    expect(JSON.parse(row?.properties ?? "")).toEqual(fact.properties);
  });

  it("imports a fact once however often it was sent", async () => {
    await open();
    await journal.append([siteFact("a"), siteFact("b"), siteFact("a")]);
    await journal.append([siteFact("b"), siteFact("c")]);
    expect(await importedIds()).toEqual(["a", "b", "c"]);
  });

  it("keeps equal event ids of different sources and workspaces apart", async () => {
    await open();
    await journal.append([
      siteFact("a"),
      siteFact("a", { source_id: "other" }),
      siteFact("a", { workspace_id: 2 }),
    ]);
    expect(await importedIds()).toEqual(["a", "a", "a"]);
  });

  it("goes on after a restart where it stopped, through rotated segments", async () => {
    await open(2000);
    const ids = Array.from({ length: 30 }, (_, index) => `id-${String(index).padStart(2, "0")}`);
    for (const id of ids.slice(0, 15)) await journal.append([siteFact(id)]);
    await restart();
    for (const id of ids.slice(15)) await journal.append([siteFact(id)]);
    await restart();
    expect(await importedIds()).toEqual(ids);
  });

  it("cuts a torn tail, and imports what stands before it", async () => {
    await writeSegment(frameOfSite("whole"), frameOfSite("torn").subarray(0, 40));
    await open();
    expect(await importedIds()).toEqual(["whole"]);
    expect(troubles).toEqual([]);
  });

  it("passes over damaged bytes, says how many, and imports what stands behind", async () => {
    const bad = frameOfSite("bad");
    bad[60] = (bad[60] ?? 0) ^ 1;
    await writeSegment(frameOfSite("before"), bad, frameOfSite("behind"));
    await open();
    expect(await importedIds()).toEqual(["before", "behind"]);
    expect(troubles).toEqual([{ kind: "damaged_bytes", count: bad.length }]);
  });

  it("keeps a fact that the log refuses, with the reason, and imports its neighbours", async () => {
    await open();
    const refused = siteFact("refused", { value_minor: 5, currency: null });
    await journal.append([siteFact("a"), refused, siteFact("b")]);
    expect(await importedIds()).toEqual(["a", "b"]);
    const failed = await database.db.get<{ workspace_id: number; reason: string; raw: string }>(
      sql`SELECT workspace_id, reason, raw FROM failed_events`,
    );
    expect(failed?.workspace_id).toBe(1);
    expect(failed?.reason).toMatch(/check/i);
    expect(JSON.parse(failed?.raw ?? "")).toEqual(refused);
  });

  it("keeps what a door refused apart from the events", async () => {
    await open();
    const item = {
      workspaceId: 1,
      sourceId: "s",
      source: "site" as const,
      reason: "missing_type",
      raw: "{}",
      receivedAt: 5,
    };
    const lookalike = siteFact("a", { properties: { failed_id: "mine" } });
    await journal.append([lookalike, createFailedEvent(item, "f1")]);
    expect(await importedIds()).toEqual(["a"]);
    expect(await database.db.all(sql`SELECT failed_id, reason, raw FROM failed_events`)).toEqual([
      { failed_id: "f1", reason: "missing_type", raw: "{}" },
    ]);
  });

  it("deletes a segment once it is in the log", async () => {
    await open(1000);
    for (let index = 0; index < 10; index++) await journal.append([siteFact(`e${index}`)]);
    await importedIds();
    await restart();
    await importer.drained(10_000);
    expect(journal.segments()).toHaveLength(0);
  });
});
