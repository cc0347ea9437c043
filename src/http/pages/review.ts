import express, { type RequestHandler, type Router } from "express";
import type { Decided, Suggestion } from "../../contacts/review.ts";
import { decisionSchema } from "../../contacts/routes.ts";
import { validate } from "../../lib/validate.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

/** `/review`: contacts that may be one person; accepting, rejecting and undoing appends a fact each. */
export function createReviewPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  router.get("/review", gate, async (req, res) => {
    const { caller } = signedInOf(res);
    const { suggestions, decided } = await deps.review.list(caller.workspaceId);
    const view = {
      isAdmin: caller.scopes.has("admin"),
      suggestions: suggestions.map(toCard),
      decided: decided.map(toLine),
    };
    show(req, res, { template: "review", title: "Review", current: "/review", view });
  });

  router.post("/review", gate, async (req, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const { caller } = requireAdmin(res);
    const { csrf: _csrf, ...fields } = Object.fromEntries(form);
    const decision = validate(decisionSchema, fields, { what: "form" });
    await deps.review.decide(caller.workspaceId, decision);
    await deps.auditDecision(caller, decision);
    res.redirect(303, "/review");
  });

  return router;
}

function toCard({ into, from, reasons }: Suggestion) {
  return { into: toPerson(into), from: toPerson(from), reasons };
}

function toPerson({ id, user_id: userId, email }: Suggestion["into"]) {
  const name = email ?? userId ?? `Visitor ${id.slice(-6)}`;
  return { id, name, userId: userId ?? "", href: `/contacts/${encodeURIComponent(id)}` };
}

function toLine({ decision, into, from, at }: Decided) {
  return {
    into: { id: into.id, name: into.name ?? into.id },
    from: { id: from.id, name: from.name ?? from.id },
    isMerged: decision === "accept",
    at: new Date(at).toISOString(),
    href: `/contacts/${encodeURIComponent(into.id)}`,
  };
}
