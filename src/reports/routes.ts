import express, { type Request, type Router } from "express";
import { z } from "zod";
import type { Db } from "../db/db.ts";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import type { Refs } from "../lib/refs.ts";
import { validate } from "../lib/validate.ts";
import type { JourneyEntry, ShownDetails } from "./journey.ts";
import { findContact, type IsConversion, listContacts, readJourney } from "./store.ts";
import { readTraffic } from "./traffic.ts";

export interface ReportRoutesDeps {
  readonly db: Db;
  readonly authorize: Authorize;
  readonly now: () => number;
  readonly refsOf: (workspaceId: number) => Refs | Promise<Refs>;
  readonly isConversion: IsConversion;
}

const VERDICTS = ["human", "machine", "prefetch"] as const;
const LIMIT_MESSAGE = "Expected a whole number from 1 to 200.";

const limit = z
  .string()
  .regex(/^\d{1,3}$/, LIMIT_MESSAGE)
  .transform(Number)
  .pipe(z.number().min(1, LIMIT_MESSAGE).max(200, LIMIT_MESSAGE))
  .default(50);
const cursor = z.string().min(1, "Expected the `next` of an earlier answer.").max(64).optional();

/** The query of `GET /v1/contacts`. */
export const contactsQuerySchema = z.strictObject({
  q: z.string().max(200, "Expected at most 200 characters.").default(""),
  limit,
  cursor,
});

/** The query of `GET /v1/contacts/:id/journey`. */
export const journeyQuerySchema = z.strictObject({
  limit,
  cursor,
  verdict: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(
      z.array(z.enum(VERDICTS, `Expected ${VERDICTS.join(", ")}, or several of them by commas.`)),
    )
    .optional(),
});

/** The query of `GET /v1/traffic`. */
export const trafficQuerySchema = z.strictObject({
  kind: z.enum(["click", "open", "site"], "Expected click, open or site.").default("click"),
  days: z
    .string()
    .regex(/^\d{1,3}$/, "Expected a whole number from 1 to 366.")
    .transform(Number)
    .pipe(z.number().min(1).max(366, "Expected a whole number from 1 to 366."))
    .default(30),
});

/** `/v1/contacts` and what one contact did; all of them need the scope `read`. */
export function createReportRoutes(deps: ReportRoutesDeps): Router {
  const { db, authorize, refsOf, now, isConversion } = deps;
  const router = express.Router();
  const read = authorize("read");

  router.get("/v1/contacts", read, async (req, res) => {
    const query = readQuery(contactsQuerySchema, req.query);
    const { workspaceId } = callerOf(res);
    res.json(await listContacts(db, workspaceId, { ...query, cursor: query.cursor }));
  });

  router.get("/v1/contacts/:id", read, async (req: Request<{ id: string }>, res) => {
    const { workspaceId } = callerOf(res);
    const refs = await refsOf(workspaceId);
    const contact = await findContact(db, refs, workspaceId, req.params.id);
    if (!contact) throw unknownContact();
    res.json(contact);
  });

  router.get("/v1/contacts/:id/journey", read, async (req: Request<{ id: string }>, res) => {
    const query = readQuery(journeyQuerySchema, req.query);
    const { workspaceId } = callerOf(res);
    const { limit, cursor, verdict: verdicts } = query;
    const asked = { limit, cursor, verdicts, onlyJudged: true };
    const refs = await refsOf(workspaceId);
    const page = await readJourney(db, refs, workspaceId, req.params.id, asked, isConversion);
    if (!page) throw unknownContact();
    const { contact, entries, next } = page;
    res.json({ contact, entries: entries.map(withoutDetails), next });
  });

  router.get("/v1/traffic", read, async (req, res) => {
    const { kind, days } = readQuery(trafficQuerySchema, req.query);
    const { workspaceId } = callerOf(res);
    res.json(await readTraffic(db, workspaceId, { kind, days, until: now() }));
  });

  return router;
}

/** The pages' own details stay with the pages. */
function withoutDetails({
  verdictReasons: _reasons,
  whyIn: _why,
  ...entry
}: JourneyEntry & ShownDetails): JourneyEntry {
  return entry;
}

function readQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  return validate(schema, query, { what: "query", code: "invalid_query" });
}

/** The same answer for another workspace's contact: nobody learns that it exists. */
function unknownContact(): AppError {
  return new AppError("not_found", 404, "There is no such contact.", {
    hint: "Give our contact id, or your own user id or email, URL-encoded.",
  });
}
