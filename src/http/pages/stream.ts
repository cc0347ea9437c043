import type { RequestHandler } from "express";
import type { Render } from "../render.ts";
import { describeActivity } from "./activity.ts";
import type { PageDeps } from "./deps.ts";
import { signedInOf } from "./session.ts";
import { zoneOf } from "./show.ts";

/** An event should show up within a second, the import included. */
const POLL_MS = 300;
/** Keeps proxies from taking a quiet stream for a dead one. */
const HEARTBEAT_MS = 15_000;
const MOST_AT_ONCE = 50;

/**
 * The workspace's events as they arrive: server-sent `activity` events, each a JSON `{kind, html}`
 * with one drawn list item. Goes on behind `Last-Event-ID` or `?since=`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function createActivityStream(deps: PageDeps, render: Render): RequestHandler {
  return (req, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const zone = zoneOf(req, res);
    let since = Number(req.get("last-event-id") ?? req.query["since"]) || 0;
    let lastSentAt = deps.now();
    let timer: NodeJS.Timeout | undefined;

    const send = (text: string): void => {
      lastSentAt = deps.now();
      res.write(text);
    };

    const poll = async (): Promise<void> => {
      // The database may be away for a moment; the stream then stays quiet and goes on later.
      const events = await deps.latestEvents(workspaceId, since, MOST_AT_ONCE).catch(() => []);
      for (const event of events.toReversed()) {
        since = Math.max(since, event.seq);
        const activity = describeActivity(event);
        const html = render("activity", { activity, zone });
        send(
          `event: activity\nid: ${event.seq}\ndata: ${JSON.stringify({ kind: activity.kind, html })}\n\n`,
        );
      }
      if (deps.now() - lastSentAt > HEARTBEAT_MS) send(":\n\n");
      if (!res.closed) timer = setTimeout(next, POLL_MS).unref();
    };
    // A bug in drawing ends the stream; the browser comes back by itself.
    const next = (): void => void poll().catch(() => res.destroy());
    const end = (): void => void res.end();

    deps.stopping.addEventListener("abort", end);
    res.on("close", () => {
      clearTimeout(timer);
      deps.stopping.removeEventListener("abort", end);
    });
    res.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store, no-transform",
    });
    send("retry: 2000\n\n");
    next();
  };
}
