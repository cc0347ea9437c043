import { Worker } from "node:worker_threads";
import type { Config } from "./lib/config.ts";
import { AppError, type ErrorCode, errorCode, errorMessage } from "./lib/errors.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { RepeatLog } from "./lib/repeat-log.ts";
import { settlesWithin } from "./lib/within.ts";

/** What the projections thread is started with. */
export interface ProjectionsOrder {
  readonly config: Config;
  /** Names this process in leases. */
  readonly owner: string;
}

/** `busy`: hits saturate the service; `calm`: not any more. */
export type ToProjections = "wake" | "busy" | "calm" | "stop";

/** An error as it crosses threads. */
export interface SentError {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an AppError. */
  readonly code: ErrorCode | undefined;
  readonly hint: string | undefined;
}

export type FromProjections =
  | { readonly kind: "started" }
  | { readonly kind: "failed"; readonly error: SentError }
  | { readonly kind: "trouble"; readonly projection: string; readonly error: SentError };

/** The projections, in a thread of their own: judging a burst must not delay a redirect. */
export interface Projections {
  /** Something new is in the log. */
  wake(): void;
  /** Says whether hits keep the service busy: then the projections hold back. */
  setBusy(isBusy: boolean): void;
  stop(): Promise<void>;
}

interface ProjectionsDeps extends ProjectionsOrder {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Logs what comes again and again while the database is away. */
  readonly warn: RepeatLog;
}

/** Pause before a thread that ended by itself, or found no database, is started again. */
const RESTART_MS = 1000;
/** A thread that hangs in a database that does not answer is cut; its cursors are in the database. */
const STOP_MS = 2000;

/**
 * Starts the thread, and starts it again should it ever die or find no database: its cursors are in there.
 *
 * @throws {AppError} what waiting will not mend (`newer_schema`)
 */
export async function startProjections(deps: ProjectionsDeps): Promise<Projections> {
  let isStopping = false;
  let worker: Worker | undefined;

  async function run(): Promise<void> {
    const started = await startThread(deps);
    if (isStopping) return void started.terminate();
    worker = started;
    started.on("exit", () => restart(new Error("It ended by itself.")));
  }
  function restart(error: unknown): void {
    worker = undefined;
    if (isStopping) return;
    deps.warn("The projections thread ended or did not start; it is started again.", {
      err: error,
    });
    setTimeout(() => void run().catch(restart), RESTART_MS).unref();
  }
  function send(message: ToProjections): void {
    worker?.postMessage(message);
  }

  await run().catch((error: unknown) => {
    if (errorCode(error) !== "storage_unavailable") throw error;
    restart(error);
  });
  return {
    wake: () => send("wake"),
    setBusy: (isBusy) => send(isBusy ? "busy" : "calm"),
    async stop() {
      isStopping = true;
      const stopping = worker;
      if (!stopping) return;
      const ended = new Promise((resolve) => stopping.once("exit", resolve));
      send("stop");
      if (!(await settlesWithin(ended, STOP_MS))) await stopping.terminate();
    },
  };
}

async function startThread(deps: ProjectionsDeps): Promise<Worker> {
  const { config, owner, log, metrics, warn } = deps;
  const order: ProjectionsOrder = { config, owner };
  const worker = new Worker(new URL("./projections-thread.js", import.meta.url), {
    workerData: order,
  });
  worker.on("error", (error) => log.error({ err: error }, "The projections thread failed."));
  await new Promise<void>((resolve, reject) => {
    worker.on("message", (message: FromProjections) => {
      if (message.kind === "started") resolve();
      else if (message.kind === "failed") {
        reject(receiveError(message.error));
        void worker.terminate();
      } else {
        metrics.projectionFailures.inc({ projection: message.projection });
        warn(`The projection ${message.projection} failed; it tries again.`, { ...message });
      }
    });
    worker.once("exit", () => reject(new Error("The projections thread ended while it started.")));
  });
  return worker;
}

/** Makes an error ready to be sent to another thread. */
export function describeError(error: unknown): SentError {
  const isForeseen = error instanceof AppError;
  return {
    message: errorMessage(error),
    stack: error instanceof Error ? error.stack : undefined,
    code: isForeseen ? error.code : undefined,
    hint: isForeseen ? error.hint : undefined,
  };
}

function receiveError({ message, code, hint }: SentError): Error {
  if (code === undefined) return new Error(message);
  return new AppError(code, 500, message, hint === undefined ? {} : { hint });
}
