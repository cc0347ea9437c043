import express, { type RequestHandler, type Router } from "express";
import type { Render } from "../render.ts";
import { describeActivity } from "./activity.ts";
import type { PageDeps } from "./deps.ts";
import { signedInOf } from "./session.ts";
import type { Show } from "./show.ts";
import { createActivityStream } from "./stream.ts";

const SHOWN = 50;

/** `/`: what happens now. A workspace in which nothing has happened yet starts at `/welcome`. */
export function createLivePages(
  deps: PageDeps,
  show: Show,
  gate: RequestHandler,
  render: Render,
): Router {
  const router = express.Router();

  router.get("/", gate, async (req, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const events = await deps.latestEvents(workspaceId, 0, SHOWN);
    const [newest] = events;
    if (!newest) return res.redirect(303, "/welcome");
    const view = { since: newest.seq, activities: events.map(describeActivity) };
    show(req, res, { template: "live", title: "Live", current: "/", view });
  });

  router.get("/live/stream", gate, createActivityStream(deps, render));

  return router;
}
