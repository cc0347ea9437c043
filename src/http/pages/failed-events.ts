import express, { type RequestHandler, type Router } from "express";
import type { Replayed, ReplayedAll } from "../../collect/failed-events.ts";
import { explainReason } from "../../collect/rejections.ts";
import { cursorOf, type FailedAction, placeOf } from "../../collect/routes-failed.ts";
import {
  FAILED_STATUSES,
  type FailedEvent,
  type FailedStatus,
} from "../../collect/store-failed.ts";
import { AppError } from "../../lib/errors.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";

const PAGE = 20;
/** More of a body than anybody reads on a page; the API gives it whole. */
const SHOWN_CHARACTERS = 20_000;

/** `/failed-events`: what was refused and why; edit and replay, one or all of a reason; discard with a note. */
export function createFailedPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { failedEvents, auditFailed, access } = deps;

  router.get("/failed-events", gate, async (req, res) => {
    const { caller } = signedInOf(res);
    const { workspaceId } = caller;
    const { status, reason, cursor } = choiceOf(req);
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const query = { status, reason, after, limit: PAGE + 1 };
    const found = await failedEvents.list(workspaceId, query);
    const counts = await failedEvents.count(workspaceId, status);
    const last = found.length > PAGE ? found[PAGE - 1] : undefined;
    const view = {
      isAdmin: caller.scopes.has("admin"),
      events: found.slice(0, PAGE).map(toCard),
      statuses: FAILED_STATUSES.map((name) => ({ name, isOn: name === status })),
      reasons: counts.map((one) => ({
        ...one,
        says: explainReason(one.reason),
        href: hrefOf({ status, reason: one.reason }),
        isOn: one.reason === reason,
      })),
      reason,
      isOpen: status === "open",
      all: hrefOf({ status }),
      next: last ? hrefOf({ status, reason, cursor: cursorOf(last) }) : "",
      done: sayDone(textOf(req, "done")),
    };
    const title = "Refused events";
    show(req, res, { template: "failed-events", title, current: "/quality", view });
  });

  router.post("/failed-events", gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const { workspaceId } = caller;
    const reason = form.get("reason") || undefined;
    const result = await failedEvents.replayAll(workspaceId, reason);
    await auditFailed(caller, "replay_all", reason ?? "all");
    res.redirect(303, hrefOf({ status: "open", done: describeAll(result) }));
  });

  router.post("/failed-events/:id", gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const { workspaceId } = caller;
    const id = String(req.params["id"]);
    const action = actionOf(form.get("action"));
    const done = await act(workspaceId, id, action, form);
    await auditFailed(caller, action, id);
    res.redirect(
      303,
      hrefOf({ status: action === "reopen" ? "open" : statusOf(form.get("status")), done }),
    );
  });

  async function act(
    workspaceId: number,
    id: string,
    action: FailedAction,
    form: URLSearchParams,
  ): Promise<string> {
    switch (action) {
      case "discard":
        await failedEvents.discard(workspaceId, id, noteOf(form));
        return "discarded";
      case "reopen":
        await failedEvents.reopen(workspaceId, id);
        return "reopened";
      default:
        await keepEdited(workspaceId, id, form.get("text"));
        if (action === "edit") return "edited";
        return describeOne(await failedEvents.replay(workspaceId, id));
    }
  }

  /** A form writes its line ends in its own way: only another text is an edit. */
  async function keepEdited(workspaceId: number, id: string, text: string | null): Promise<void> {
    if (text === null) return;
    const { raw, edited } = await failedEvents.find(workspaceId, id);
    const given = text.replaceAll("\r\n", "\n");
    if (given === indent(edited ?? raw)) return;
    await failedEvents.edit(workspaceId, id, given.trim() === "" ? null : given);
  }

  return router;
}

interface Choice {
  readonly status: FailedStatus;
  readonly reason?: string | undefined;
  readonly cursor?: string | undefined;
  readonly done?: string;
}

function choiceOf(req: PageRequest): Choice {
  const status = statusOf(textOf(req, "status"));
  return {
    status,
    reason: textOf(req, "reason") || undefined,
    cursor: textOf(req, "cursor") || undefined,
  };
}

function statusOf(text: string | null): FailedStatus {
  return FAILED_STATUSES.find((name) => name === text) ?? "open";
}

function hrefOf({ status, reason, cursor, done }: Choice): string {
  const query = new URLSearchParams({ status });
  if (reason) query.set("reason", reason);
  if (cursor) query.set("cursor", cursor);
  if (done) query.set("done", done);
  return `/failed-events?${query}`;
}

const ACTIONS: readonly FailedAction[] = ["edit", "discard", "reopen", "replay"];

function actionOf(text: string | null): FailedAction {
  const action = ACTIONS.find((name) => name === text);
  if (action) return action;
  throw new AppError("invalid_body", 422, `Expected the action to be ${ACTIONS.join(", ")}.`);
}

function noteOf(form: URLSearchParams): string {
  const note = form.get("note")?.trim() ?? "";
  if (note !== "" && note.length <= 500) return note;
  throw new AppError("invalid_body", 422, "Say in up to 500 characters why it is not needed.");
}

function describeOne({ status, accepted, rejected }: Replayed): string {
  return status === "open" ? "refused" : `replayed-${accepted}-${rejected.length}`;
}

function describeAll({ accepted, still_refused: refused }: ReplayedAll): string {
  return `replayed-${accepted}-${refused}`;
}

const DONE: Readonly<Record<string, string>> = {
  discarded: "Discarded.",
  reopened: "Open again.",
  edited: "Saved: it is read in place of what came.",
  refused: "Refused again: see the reason it has now.",
};

/** The address carries a code, not the sentence: nobody else's words appear on the page. */
function sayDone(code: string): string {
  const [, accepted, refused] = /^replayed-(\d{1,9})-(\d{1,9})$/.exec(code) ?? [];
  if (accepted === undefined) return DONE[code] ?? "";
  return `Replayed: ${accepted} taken, ${refused} refused again.`;
}

function toCard(event: FailedEvent) {
  const { id, raw, edited, reason, status, note, receivedAt, settledAt, sourceId } = event;
  const text = indent(edited ?? raw);
  return {
    id,
    reason,
    sourceId,
    note,
    says: explainReason(reason),
    at: new Date(receivedAt).toISOString(),
    settledAt: settledAt === null ? "" : new Date(settledAt).toISOString(),
    isOpen: status === "open",
    isDiscarded: status === "discarded",
    isEdited: edited !== null,
    isLong: text.length > SHOWN_CHARACTERS,
    raw: indent(raw).slice(0, SHOWN_CHARACTERS),
    text: text.slice(0, SHOWN_CHARACTERS),
    rows: Math.min(20, Math.max(4, text.slice(0, SHOWN_CHARACTERS).split("\n").length)),
  };
}

/** JSON as people read it; anything else as it is. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
