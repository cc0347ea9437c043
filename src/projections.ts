import { Worker } from "node:worker_threads";
import type { Config } from "./lib/config.ts";
import { AppError, type ErrorCode, errorMessage } from "./lib/errors.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";

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
}

/** Pause before a thread that ended by itself is started again. */
const RESTART_MS = 1000;

/**
 * Starts the thread, and starts it again should it ever die: its cursors are in the database.
 *
 * @throws {AppError} what the thread could not start with (`newer_schema`)
 */
export async function startProjections(deps: ProjectionsDeps): Promise<Projections> {
  let isStopping = false;
  let worker = await startThread(deps);
  worker.on("exit", restart);

  function restart(): void {
    if (isStopping) return;
    deps.log.error("The projections thread ended; it starts again.");
    setTimeout(() => {
      startThread(deps).then((started) => {
        worker = started;
        worker.on("exit", restart);
      }, restart);
    }, RESTART_MS).unref();
  }

  return {
    wake: () => worker.postMessage("wake" satisfies ToProjections),
    setBusy: (isBusy) => worker.postMessage((isBusy ? "busy" : "calm") satisfies ToProjections),
    async stop() {
      isStopping = true;
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.postMessage("stop" satisfies ToProjections);
      await ended;
    },
  };
}

async function startThread({ config, owner, log, metrics }: ProjectionsDeps): Promise<Worker> {
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
        log.error({ ...message }, "A projection failed; it tries again.");
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
