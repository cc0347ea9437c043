import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createId } from "../../src/lib/ids.ts";
import { createEvent } from "../../src/log/event.ts";
import { type Journal, type JournalLimits, type Kept, openJournal } from "../../src/log/journal.ts";
import { decodeFrames, SEGMENT_HEADER } from "../../src/log/segment.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "clicktrail-journal-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function open(
  limits: Partial<JournalLimits> = {},
  onTrouble?: (error: unknown) => void,
): Promise<Journal> {
  return openJournal({
    folder,
    createId: () => createId(1),
    monotonicNow: () => performance.now(),
    // On a busy machine a disk may take longer than a reader waits: that is another test's affair.
    limits: { readerWaitMs: 10_000, ...limits },
    ...(onTrouble ? { onTrouble } : {}),
  });
}

function event(id: string) {
  return createEvent({
    workspace_id: 1,
    source_id: "test",
    event_id: id,
    source: "site",
    type: "track",
    name: "tested",
    occurred_at: 1,
    received_at: 1,
  });
}

function keepHit(journal: Journal, id: string): Promise<Kept> {
  return new Promise((resolve) => journal.appendHit(JSON.stringify(event(id)), resolve));
}

async function storedIds(): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".seg")).sort();
  const pieces = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  return pieces.flatMap((bytes) =>
    decodeFrames(bytes.subarray(SEGMENT_HEADER.length), 0, true).frames.flatMap(({ payload }) =>
      JSON.parse(`[${payload.toString("utf8")}]`).map(
        (fact: { event_id: string }) => fact.event_id,
      ),
    ),
  );
}

describe("the journal", () => {
  it("begins a new segment behind what was appended before, and behind what is still queued", async () => {
    const journal = await open();
    await journal.append([event("a")]);
    const queued = keepHit(journal, "b");
    const before = await journal.turnOver();
    await queued;
    await journal.append([event("c")]);
    const [first, second] = journal.segments();
    expect(before).toEqual(new Set([first?.name]));
    expect(first?.sealed).toBe(true);
    expect(second?.sealed).toBe(false);
    expect(await readFile(first?.path ?? "", "utf8")).toContain('"b"');
    expect(await readFile(second?.path ?? "", "utf8")).toContain('"c"');
    await journal.close();
  });

  it("has a fact on disk when it answers", async () => {
    const journal = await open();
    await journal.append([event("a"), event("b")]);
    expect(await storedIds()).toEqual(["a", "b"]);
    expect(await keepHit(journal, "c")).toBe("durable");
    expect(await storedIds()).toEqual(["a", "b", "c"]);
    await journal.close();
  });

  it("puts what queued during one write into the next, in order", async () => {
    const journal = await open();
    const ids = Array.from({ length: 500 }, (_, index) => `hit-${index}`);
    await Promise.all(ids.map((id) => keepHit(journal, id)));
    expect(await storedIds()).toEqual(ids);
    expect(journal.stats().writes).toBeLessThan(10);
    await journal.close();
  });

  it("rotates segments, and deletes one when it has been imported", async () => {
    const journal = await open({ segmentBytes: 1000 });
    for (let index = 0; index < 10; index++) await journal.append([event(`e${index}`)]);
    const [first] = journal.segments();
    expect(journal.segments().length).toBeGreaterThan(2);
    await journal.release(first?.name ?? "", first?.bytes ?? 0);
    expect(journal.segments().map(({ name }) => name)).not.toContain(first?.name);
    expect(await readdir(folder)).not.toContain(first?.name);
    await journal.close();
  });

  it("finds what an earlier run left, and never writes into it", async () => {
    const before = await open();
    await before.append([event("old")]);
    await before.close();
    const after = await open();
    await after.append([event("new")]);
    expect(after.segments()).toHaveLength(2);
    expect(await storedIds()).toEqual(["old", "new"]);
    await after.close();
  });

  it("refuses collection above the cap with 429, and still takes clicks", async () => {
    const journal = await open({ unimportedBytes: 500 });
    journal.checkRoom();
    await journal.append([event("a"), event("b")]);
    const full = { code: "journal_full", status: 429 };
    await expect(journal.append([event("c")])).rejects.toMatchObject(full);
    expect(() => journal.checkRoom()).toThrow(expect.objectContaining(full));
    expect(await keepHit(journal, "click")).toBe("durable");
    await journal.close();
  });

  it("drops a hit only when memory is full as well, and says so", async () => {
    const journal = await open({ queueBytes: 10 });
    expect(await keepHit(journal, "too-much")).toBe("dropped");
    await journal.close();
  });

  it("takes no more once closed", async () => {
    const journal = await open();
    await journal.close();
    await expect(journal.append([event("a")])).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    expect(await keepHit(journal, "b")).toBe("dropped");
  });
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;
if (!canMount)
  console.warn("SKIPPED: the full-disk tests of the journal need root on Linux (mount)");

describe.runIf(canMount)("the journal on a full disk", () => {
  beforeEach(() => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  });
  afterEach(() => {
    execFileSync("umount", ["-l", folder]);
  });

  it("answers readers at once, refuses collectors, and writes the waiting hits once there is room", async () => {
    const troubles: unknown[] = [];
    let tell = () => {};
    const recovered = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const journal = await open({}, (error) => {
      troubles.push(error);
      if (error === null) tell();
    });
    await journal.append([event("before")]);
    await expect(journal.append(manyEvents(200))).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    expect(await keepHit(journal, "during")).toBe("memory");
    await expect(journal.append([event("refused")])).rejects.toMatchObject({ status: 503 });

    execFileSync("mount", ["-o", "remount,size=1m", folder]);
    await recovered;
    await journal.append([event("after")]);
    expect(await storedIds()).toEqual(["before", "during", "after"]);
    expect(troubles).toHaveLength(2);
    await journal.close();
  });
});

function manyEvents(count: number) {
  return Array.from({ length: count }, (_, index) => event(`filler-${index}`));
}
