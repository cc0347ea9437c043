import { parentPort } from "node:worker_threads";
import { toFailure } from "./failure.ts";
import { CLOSE, type Reply, type Request } from "./protocol.ts";

interface Service<Body, Result> {
  /** Answers one request. `arrivedAt` is in milliseconds of `performance.now()`. */
  handle(body: Body, arrivedAt: number): Result | Promise<Result>;
  /** The SQL text to name when it fails. */
  sqlOf(body: Body): string;
  /** Runs after the last request, before the thread ends. */
  close(): void;
}

/** The inside of a thread: answers requests one after the other, in order, until it is told to close. */
export function serveRequests<Body, Result>(service: Service<Body, Result>): void {
  const port = parentPort;
  if (!port) throw new Error("serveRequests runs in a worker thread.");
  let last = Promise.resolve();

  port.on("message", (message: Request<Body> | typeof CLOSE) => {
    const arrivedAt = performance.now();
    last = last.then(async () => {
      if (message === CLOSE) {
        service.close();
        port.close();
        return;
      }
      const reply: Reply<Result> = await answer(message.id, () =>
        service.handle(message.body, arrivedAt),
      ).catch((error: unknown) => ({
        id: message.id,
        ok: false,
        failure: toFailure(error, service.sqlOf(message.body)),
      }));
      port.postMessage(reply);
    });
  });
}

async function answer<Result>(
  id: number,
  handle: () => Result | Promise<Result>,
): Promise<Reply<Result>> {
  return { id, ok: true, result: await handle() };
}
