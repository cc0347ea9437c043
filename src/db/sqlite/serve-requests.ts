import { parentPort } from "node:worker_threads";
import { toFailure } from "./failure.ts";
import { CLOSE, type Reply, type Request, type RequestHandler } from "./protocol.ts";

/** The inside of a thread: answers requests one after the other, in order, until it is told to close. */
export function serveRequests<Body, Result>(service: RequestHandler<Body, Result>): void {
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
