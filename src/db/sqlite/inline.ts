import { fromFailure, toFailure } from "./failure.ts";
import type { RequestHandler } from "./protocol.ts";
import type { Thread } from "./thread.ts";

/**
 * The same calls without a thread, one after the other: for a short command, where starting threads
 * takes longer than the work.
 *
 * @param load makes the handler at the first call
 */
export function createInline<Body, Result>(
  load: () => Promise<RequestHandler<Body, Result>>,
): Thread<Body, Result> {
  let handler: Promise<RequestHandler<Body, Result>> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function answer(body: Body): Promise<Result> {
    handler ??= load();
    const { handle, sqlOf } = await handler;
    try {
      return await handle(body, performance.now());
    } catch (error) {
      throw fromFailure(toFailure(error, sqlOf(body)));
    }
  }

  return {
    call(body) {
      const answered = last.then(() => answer(body));
      last = answered.catch(() => {});
      return answered;
    },
    async close() {
      await last;
      (await handler)?.close();
    },
    // What blocks the only thread there is cannot be stopped from it.
    kill: async () => {},
  };
}
