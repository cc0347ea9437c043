import path from "node:path";
import type { Db } from "./db/db.ts";
import type { DiskCare } from "./disk-care.ts";
import type { Readiness } from "./http/health.ts";
import { readDiskRoom } from "./lib/disk.ts";
import { errorMessage } from "./lib/errors.ts";
import { settlesWithin } from "./lib/within.ts";
import { readLags } from "./log/follow.ts";
import type { Importer } from "./log/importer.ts";
import type { Journal } from "./log/journal.ts";
import type { Storage } from "./storage.ts";

interface ReadinessDeps {
  readonly journal: Journal;
  readonly importer: Importer;
  readonly storage: Storage;
  readonly diskCare: DiskCare;
  /** Whether the tables are there. */
  readonly isMigrated: () => boolean;
}

/** Whoever asks `/readyz` gets an answer, also while the database gives none. */
export const ANSWER_MS = 1000;

/** What `/readyz` tells: how each part is, and why one cannot do its work. */
export async function readReadiness(deps: ReadinessDeps): Promise<Readiness> {
  const { journal, importer, storage, diskCare, isMigrated } = deps;
  const { unimportedBytes, failing, ...written } = journal.stats();
  const { lags, problem } = await askDatabase(storage.db);
  const isCaughtUp = problem === null && lags.every(({ lag }) => lag === 0);
  const { reserve, wal_bytes } = diskCare.stats();
  const room = await readDiskRoom(path.dirname(storage.folder.journal));
  return {
    ready: failing === null && problem === null && !importer.stats().away,
    settled: isCaughtUp && unimportedBytes === 0 && written.queuedHits === 0,
    projections: lags,
    database: { failing: problem, wal_bytes },
    journal: { unimported_bytes: unimportedBytes, failing, ...written },
    importer: importer.stats(),
    disk: { ...room, reserve },
    migration: isMigrated() ? "current" : "pending",
  };
}

interface DatabaseAnswer {
  readonly lags: { name: string; lag: number }[];
  /** Why it could not be asked. */
  readonly problem: string | null;
}

/** How far each projection is behind, or why the database cannot tell; answers within a second. */
export async function askDatabase(db: Db): Promise<DatabaseAnswer> {
  let answer: DatabaseAnswer = { lags: [], problem: "The database does not answer." };
  const asked = readLags(db).then(
    (lags) => {
      answer = { lags, problem: null };
    },
    (error: unknown) => {
      answer = { lags: [], problem: errorMessage(error) };
    },
  );
  await settlesWithin(asked, ANSWER_MS);
  return answer;
}
