import type { GatedDb } from "./db/gate.ts";
import { AppError, errorMessage } from "./lib/errors.ts";
import type { Logger } from "./lib/log-lines.ts";
import { retry } from "./lib/retry.ts";

interface BringUpDeps {
  readonly gate: GatedDb;
  readonly log: Logger;
  /** Brings the tables to this release's schema. */
  migrate(): Promise<unknown>;
  /** Starts what reads and writes them. Runs once, behind the open gate. */
  start(): Promise<void>;
}

/** The way up of everything that needs the database. */
export interface BringUp {
  /**
   * Resolves when all is up, or when the database turned out to be away (then it goes on behind the back).
   *
   * @throws {AppError} what the first attempt met and waiting will not mend: `newer_schema`, `cannot_start`
   */
  readonly attempted: Promise<void>;
  stop(): void;
}

/** A service says where it listens after this time, also while a long migration runs. */
const FIRST_ATTEMPT_MS = 3000;
const PAUSES_MS = [250, 500, 1000, 2000] as const;

/** Tries until the database is there: a redirect needs none, so its absence is no reason not to start. */
export function bringUp({ gate, log, migrate, start }: BringUpDeps): BringUp {
  const stopping = new AbortController();
  let isBehind = false;

  async function attempt(): Promise<void> {
    await migrate();
    stopping.signal.throwIfAborted();
    gate.open();
    if (isBehind) log.info("The database is here; keys, sites and imports are loaded now.");
    await start();
    gate.setComplete();
  }

  function goesOn(error: unknown): boolean {
    if (stopping.signal.aborted || gate.isOpen()) return false;
    if (!isBehind && !isAway(error)) return false;
    if (gate.setReason(errorMessage(error))) {
      log.error(
        { err: error },
        "The database cannot be used yet. Redirects and collection go on; it is tried again.",
      );
    }
    return true;
  }

  const attempted = new Promise<void>((resolve, reject) => {
    const goBehind = () => {
      isBehind = true;
      resolve();
    };
    const timer = setTimeout(goBehind, FIRST_ATTEMPT_MS);
    const options = {
      pausesMs: PAUSES_MS,
      signal: stopping.signal,
      goesOn(error: unknown) {
        if (!goesOn(error)) return false;
        goBehind();
        return true;
      },
    };
    retry(attempt, options)
      .then(resolve, (error: unknown) => {
        if (isBehind && !stopping.signal.aborted) log.error({ err: error }, "The start failed.");
        reject(error);
      })
      .finally(() => clearTimeout(timer));
  });

  // Whoever asks later gets the error all the same.
  attempted.catch(() => undefined);
  return { attempted, stop: () => stopping.abort() };
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && error.code === "storage_unavailable";
}
