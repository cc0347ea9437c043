import { createDiskCare, type DiskCare } from "./disk-care.ts";
import { showFoldedEvents } from "./folded-metrics.ts";
import type { Readiness } from "./http/health.ts";
import { showLags } from "./lag-metrics.ts";
import type { Bytes } from "./lib/bytes.ts";
import type { Clock } from "./lib/clock.ts";
import type { Config } from "./lib/config.ts";
import { createId, createSecret } from "./lib/ids.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { RepeatLog } from "./lib/repeat-log.ts";
import { settlesWithin } from "./lib/within.ts";
import type { EventRow } from "./log/event.ts";
import { createFailedEvent, failedIdOf, type RejectedItem } from "./log/failed-events.ts";
import { readLags } from "./log/follow.ts";
import { createImporter, type Importer } from "./log/importer.ts";
import { type Journal, type Kept, openJournal } from "./log/journal.ts";
import { turnJournalHourly } from "./log/journal-turn.ts";
import type { Inbox, Privacy } from "./privacy.ts";
import { type Projections, startProjections } from "./projections.ts";
import { readReadiness } from "./readiness.ts";
import { createRequests, type Requests } from "./requests.ts";
import type { Storage } from "./storage.ts";

/** Everything behind the doors: facts go in here, and come out as projections. */
export interface Pipeline {
  /** Refuses as `record` would, before a collector has read what it is sent. */
  checkRoom(): void;
  /** Keeps facts for a collector: durable when resolved. */
  record(events: readonly EventRow[]): Promise<void>;
  /** Keeps a request as JSON in UTF-8, whose events the import makes; durable when resolved. */
  recordRequest(json: Bytes, events: number): Promise<void>;
  /** Whether a workspace's requests may be kept before anybody has read who they name. */
  mayKeepRequests(workspaceId: number): boolean;
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
  /** Logs what comes again and again while something is away. */
  readonly warn: RepeatLog;
  /** Whether the tables are there. */
  readonly isMigrated: () => boolean;
}

/** With PostgreSQL an answer waits this long for the import: a lost node takes its journal with it. */
const IMPORT_WAIT_MS = 50;
/** How long an erasure waits for the import of what is in the journal. */
const EMPTY_MS = 60_000;
/** Share of the time that the main thread works, above which import and projections hold back. */
const BUSY_UTILIZATION = 0.8;
const WATCH_MS = 100;
/** A stop waits this long for what hangs in a database that does not answer. */
const STOP_MS = 2000;

/** Opens the journal and puts together what follows it; `start` sets it going. */
export async function createPipeline(deps: PipelineDeps): Promise<Pipeline> {
  const { config, log, now, storage, metrics, warn } = deps;
  const { db, folder } = storage;
  const nodeId = await folder.readNodeId();
  const newId = () => createId(now());
  const monotonicNow = () => performance.now();
  const { path: dataDir } = folder;
  const { walBytes } = storage;
  const diskCare = createDiskCare({ folder: dataDir, walBytes, log, warn, metrics });
  const journal = await openJournal({
    folder: folder.journal,
    createId: newId,
    monotonicNow,
    limits: {
      segmentBytes: config.JOURNAL_SEGMENT,
      unimportedBytes: config.JOURNAL_LIMIT,
      readerWaitMs: config.DISK_WAIT_MS,
    },
    onTrouble(error) {
      if (error === null) log.info("The journal can be written again.");
      else log.error({ err: error }, "The journal cannot be written; hits wait in memory.");
      diskCare.noteError(error);
    },
  });
  const requests = createRequests(config.CLICK_PARAM);
  const importer = createImporter({
    journal,
    db,
    nodeId,
    createId: newId,
    now,
    readRequests: requests.read,
    screen: deps.privacy.screenJournal(journal).screen,
    onTrouble({ kind, count, error }) {
      metrics.importTrouble.inc({ kind }, count);
      warn(TROUBLE[kind], { kind, count, err: error });
      diskCare.noteError(error);
    },
  });
  const owner = `${nodeId}-${createSecret(8)}`;
  const order = { config, owner, log, metrics, warn };
  showStats(metrics, journal);
  showLags({ metrics, journal, importer, db, monotonicNow });
  showFoldedEvents({ metrics, db, now });
  return assemble({
    journal,
    importer,
    requests,
    storage,
    owner,
    guard: deps.privacy.guard,
    metrics,
    diskCare,
    isMigrated: deps.isMigrated,
    startProjections: () => startProjections(order),
  });
}

const TROUBLE = {
  database_away: "The database takes no import; facts wait in the journal.",
  damaged_bytes: "Damaged bytes of the journal were passed over.",
  refused_events: "The database refused events; they are among the failed ones.",
} as const;

interface Parts {
  readonly journal: Journal;
  readonly importer: Importer;
  readonly requests: Requests;
  readonly startProjections: () => Promise<Projections>;
  readonly storage: Storage;
  readonly owner: string;
  readonly guard: Privacy["guard"];
  readonly metrics: Metrics;
  readonly diskCare: DiskCare;
  readonly isMigrated: () => boolean;
}

function assemble(parts: Parts): Pipeline {
  const { journal, importer, storage, guard } = parts;
  const { db } = storage;
  const waitForImport = createImportWait(parts);
  let projections: Projections | undefined;
  let loadWatch: NodeJS.Timeout | undefined;
  let endTurning: (() => void) | undefined;
  importer.onImported(() => projections?.wake());
  return {
    checkRoom: journal.checkRoom,
    async record(events) {
      await journal.append(guard.screenEvents(events));
      await new Promise<void>((resolve) => waitForImport(resolve));
    },
    async recordRequest(json, events) {
      await journal.appendJson(json, events);
      await new Promise<void>((resolve) => waitForImport(resolve));
    },
    mayKeepRequests: guard.isQuiet,
    async keepRejected(items) {
      for (const { reason } of items) parts.metrics.rejectedEvents.inc({ reason });
      await journal.append(
        guard.screenRejected(items).map((item) => createFailedEvent(item, failedIdOf(item))),
      );
    },
    recordHit(json, done) {
      journal.appendHit(json, (kept) => {
        if (kept === "durable") waitForImport(() => done(kept));
        else done(kept);
      });
    },
    async start() {
      const started = await parts.startProjections();
      projections = started;
      loadWatch = watchLoad((isBusy) => {
        started.setBusy(isBusy);
        importer.setBusy(isBusy);
      });
      importer.start();
      endTurning = turnJournalHourly(journal);
      await parts.diskCare.start();
    },
    owner: parts.owner,
    inbox: {
      async emptyJournal() {
        if (await importer.drained(EMPTY_MS)) return;
        throw new Error("The journal could not be imported in time; the erasure tries again.");
      },
      async isSettled() {
        if (!parts.isMigrated() || !(await importer.drained(0))) return false;
        return (await readLags(db)).every(({ lag }) => lag === 0);
      },
    },
    readiness: () => readReadiness(parts),
    async stop(withinMs) {
      clearInterval(loadWatch);
      endTurning?.();
      parts.diskCare.stop();
      if (!importer.stats().stalled) await importer.drained(withinMs);
      await settlesWithin(importer.stop(), STOP_MS);
      await parts.requests.stop();
      await projections?.stop();
      await journal.close();
    },
  };
}

/**
 * What an answer still waits for once its fact is on disk. While the import stands still nobody waits: it
 * would not help, and a reader should not notice.
 */
function createImportWait({ importer, storage, metrics }: Parts): (done: () => void) => void {
  if (storage.db.engine === "sqlite") return (done) => done();
  let notWaited = 0;
  let stuckAt: number | undefined;
  metrics.gauge(
    "clicktrail_answers_before_import",
    "Answers given when the fact was on this node's disk, but not in PostgreSQL within 50 ms.",
    () => notWaited,
  );
  return (done) => {
    const { stalled, imported } = importer.stats();
    if (stalled || imported === stuckAt) {
      notWaited += 1;
      done();
      return;
    }
    void importer.drained(IMPORT_WAIT_MS).then((isImported) => {
      if (!isImported) {
        notWaited += 1;
        stuckAt = importer.stats().imported;
      }
      done();
    });
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
