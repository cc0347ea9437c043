import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { errorMessage } from "../../lib/errors.ts";
import { storageUnavailable } from "../failures.ts";
import { fromFailure } from "./failure.ts";
import { CLOSE, type Reply, type Request } from "./protocol.ts";

/** A worker thread as seen from the main thread. It starts with the first call. */
export interface Thread<Body, Result> {
  /** Sends a request. @throws {AppError} `storage_unavailable`, `stale_write`; or a plain Error */
  call(body: Body): Promise<Result>;
  /** Finishes what was sent, then ends the thread. */
  close(): Promise<void>;
  /** Ends it as soon as the engine lets go, failing what is pending; the next call starts another. */
  kill(reason: Error): Promise<void>;
}

interface Pending<Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
}

/**
 * @param name the thread's file in this folder, without its ending
 * @param data structured-cloneable options, `workerData` inside the thread
 */
export function createThread<Body, Result>(name: string, data: object): Thread<Body, Result> {
  const pending = new Map<number, Pending<Result>>();
  let worker: Worker | undefined;
  let lastId = 0;

  function fail(reason: Error): void {
    worker = undefined;
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  }

  function start(): Worker {
    const started = new Worker(threadFile(name), { workerData: data });
    started.on("message", (reply: Reply<Result>) => {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.result);
      else waiting?.reject(fromFailure(reply.failure));
    });
    started.on("error", (error) => {
      if (worker === started) fail(threadEnded(name, errorMessage(error)));
    });
    started.on("exit", (code) => {
      if (worker === started) fail(threadEnded(name, `exit code ${code}`));
    });
    return started;
  }

  return {
    call(body) {
      worker ??= start();
      const running = worker;
      lastId += 1;
      const request: Request<Body> = { id: lastId, body };
      return new Promise((resolve, reject) => {
        pending.set(request.id, { resolve, reject });
        running.postMessage(request);
      });
    },
    async close() {
      const closing = worker;
      if (!closing) return;
      const ended = new Promise((resolve) => closing.once("exit", resolve));
      closing.postMessage(CLOSE);
      await ended;
    },
    async kill(reason) {
      const killed = worker;
      fail(reason);
      await killed?.terminate();
    },
  };
}

function threadEnded(name: string, why: string): Error {
  return storageUnavailable(
    `The database thread ${name} ended (${why}); it starts again by itself.`,
  );
}

/** Threads run built JavaScript: beside this file in dist/, or in dist/ when this is a source file. */
export function threadFile(name: string): URL {
  const isSource = import.meta.url.endsWith(".ts");
  const relative = isSource ? `../../../dist/db/sqlite/${name}.js` : `./${name}.js`;
  const file = new URL(relative, import.meta.url);
  if (existsSync(file)) return file;
  throw new Error(`Missing ${fileURLToPath(file)}: run \`npm run build\` first.`);
}
