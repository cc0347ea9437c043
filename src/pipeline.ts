import path from "node:path";
import type { Readiness } from "./http/health.ts";
import type { Clock } from "./lib/clock.ts";
import type { Config } from "./lib/config.ts";
import { readDiskRoom } from "./lib/disk.ts";
import { createId, createSecret } from "./lib/ids.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { EventRow } from "./log/event.ts";
import { createFailedEvent, type RejectedItem } from "./log/failed-events.ts";
import { readLags } from "./log/follow.ts";
import { createImporter, type Importer } from "./log/importer.ts";
import { type Journal, type Kept, openJournal } from "./log/journal.ts";
import type { Inbox, Privacy } from "./privacy.ts";
import { type Projections, startProjections } from "./projections.ts";
import type { Storage } from "./storage.ts";

/** Everything behind the doors: facts go in here, and come out as projections. */
export interface Pipeline {
  /** Keeps facts for a collector: durable when resolved. */
  record(events: readonly EventRow[]): Promise<void>;
  /** Keeps what a door refused, raw, on the same way. */
  keepRejected(items: readonly RejectedItem[]): Promise<void>;
  /** Keeps one hit for a reader, who waits 50 ms or so at most. */
  recordHit(json: string, done: (kept: Kept) => void): void;
  start(): Promise<void>;
  /** What came in and is not in the log yet. */
  readonly inbox: Inbox;
  /** Names this process in leases. */
  readonly owner: string;
  readiness(): Promise<Readiness>;
  /** Imports for at most `withinMs` what is in the journal, then stops; the rest waits for the next start. */
  stop(withinMs: number): Promise<void>;
}

interface PipelineDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly now: Clock;
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly privacy: Pick<Privacy, "guard" | "screenJournal">;
}

/** With PostgreSQL an answer waits this long for the import: a lost node takes its journal with it. */
const IMPORT_WAIT_MS = 50;
/** How long an erasure waits for the import of what is in the journal. */
const EMPTY_MS = 60_000;
/** Share of the time that the main thread works, above which the projections hold back. */
const BUSY_UTILIZATION = 0.8;
const WATCH_MS = 250;

/** Opens the journal and puts together what follows it; `start` sets it going. */
export async function createPipeline(deps: PipelineDeps): Promise<Pipeline> {
  const { config, log, now, storage, metrics } = deps;
  const { db, folder } = storage;
  const nodeId = await folder.readNodeId();
  const newId = () => createId(now());
  const monotonicNow = () => performance.now();
  const journal = await openJournal({
    folder: folder.journal,
    createId: newId,
    monotonicNow,
    limits: { segmentBytes: config.JOURNAL_SEGMENT, unimportedBytes: config.JOURNAL_LIMIT },
    onTrouble(error) {
      if (error === null) log.info("The journal can be written again.");
      else log.error({ err: error }, "The journal cannot be written; hits wait in memory.");
    },
  });
  const importer = createImporter({
    journal,
    db,
    nodeId,
    createId: newId,
    now,
    screen: deps.privacy.screenJournal(journal).screen,
    onTrouble({ kind, count, error }) {
      metrics.importTrouble.inc({ kind }, count);
      log.warn({ kind, count, err: error }, "Trouble with the import.");
    },
  });
  const owner = `${nodeId}-${createSecret(8)}`;
  const order = { config, owner, log, metrics };
  showStats(metrics, journal);
  return assemble({
    journal,
    importer,
    storage,
    newId,
    owner,
    guard: deps.privacy.guard,
    startProjections: () => startProjections(order),
  });
}

interface Parts {
  readonly journal: Journal;
  readonly importer: Importer;
  readonly startProjections: () => Promise<Projections>;
  readonly storage: Storage;
  readonly newId: () => string;
  readonly owner: string;
  readonly guard: Privacy["guard"];
}

function assemble(parts: Parts): Pipeline {
  const { journal, importer, startProjections, storage, newId, guard } = parts;
  const { db, folder } = storage;
  const waitsForImport = db.engine === "postgres";
  let projections: Projections | undefined;
  let loadWatch: NodeJS.Timeout | undefined;
  importer.onImported(() => projections?.wake());
  return {
    async record(events) {
      await journal.append(guard.screenEvents(events));
      if (waitsForImport) await importer.drained(IMPORT_WAIT_MS);
    },
    keepRejected: (items) =>
      journal.append(guard.screenRejected(items).map((item) => createFailedEvent(item, newId()))),
    recordHit(json, done) {
      journal.appendHit(json, (kept) => {
        if (kept !== "durable" || !waitsForImport) done(kept);
        else void importer.drained(IMPORT_WAIT_MS).then(() => done(kept));
      });
    },
    async start() {
      const started = await startProjections();
      projections = started;
      loadWatch = watchLoad(started.setBusy);
      importer.start();
    },
    owner: parts.owner,
    inbox: {
      async emptyJournal() {
        if (await importer.drained(EMPTY_MS)) return;
        throw new Error("The journal could not be imported in time; the erasure tries again.");
      },
      async isSettled() {
        if (!(await importer.drained(0))) return false;
        return (await readLags(db)).every(({ lag }) => lag === 0);
      },
    },
    async readiness() {
      const { unimportedBytes, failing, ...written } = journal.stats();
      const lags = await readLags(db);
      const disk = await readDiskRoom(path.dirname(folder.journal));
      const isCaughtUp = lags.every(({ lag }) => lag === 0);
      return {
        ready: failing === null && !importer.stats().away,
        settled: isCaughtUp && unimportedBytes === 0,
        projections: lags,
        journal: { unimported_bytes: unimportedBytes, failing, ...written },
        importer: importer.stats(),
        disk,
        migration: "current",
      };
    },
    async stop(withinMs) {
      clearInterval(loadWatch);
      await importer.drained(withinMs);
      await importer.stop();
      await projections?.stop();
      await journal.close();
    },
  };
}

/** Tells when the main thread has nothing to spare, and when it has again. */
function watchLoad(setBusy: (isBusy: boolean) => void): NodeJS.Timeout {
  let before = performance.eventLoopUtilization();
  let isBusy = false;
  return setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > BUSY_UTILIZATION === isBusy) return;
    isBusy = !isBusy;
    setBusy(isBusy);
  }, WATCH_MS).unref();
}

function showStats(metrics: Metrics, journal: Journal): void {
  const read =
    <K extends "unimportedBytes" | "queuedHits" | "writes" | "records">(name: K) =>
    () =>
      journal.stats()[name];
  metrics.gauge(
    "clicktrail_journal_unimported_bytes",
    "Bytes in the journal that are not in the log yet.",
    read("unimportedBytes"),
  );
  metrics.gauge("clicktrail_journal_queued_hits", "Hits in memory.", read("queuedHits"));
  metrics.gauge("clicktrail_journal_writes", "Writes to the journal.", read("writes"));
  metrics.gauge("clicktrail_journal_records", "Facts written to the journal.", read("records"));
}
