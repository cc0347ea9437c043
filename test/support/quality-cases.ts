import { readFileSync } from "node:fs";
import { z } from "zod";
import { originOf } from "../../src/collect/arrival.ts";
import { createClickParameter } from "../../src/collect/click-parameter.ts";
import { collectEvents } from "../../src/collect/pipeline.ts";
import { createRecentEvents, NOTHING_RECENT } from "../../src/collect/recent-events.ts";
import type { Caller } from "../../src/lib/caller.ts";
import type { EventRow } from "../../src/log/event.ts";
import { type QualityScore, scoreQuality } from "../../src/log/quality.ts";
import type { Scored } from "../../src/log/quality-checks.ts";
import type { CaseFailure, CaseReport } from "./case-file.ts";

const call = z.record(z.string(), z.unknown());

const qualityCase = z.object({
  id: z.string(),
  given: z.object({
    source: z.string(),
    received_at: z.union([z.string(), z.number()]),
    resolves_to: z.unknown().optional(),
    imported: z.boolean().nullish(),
    tracking_plan: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).nullish(),
    stored_before: z.union([z.array(call), call]).nullish(),
  }),
  event: call,
  expect: z.object({
    failed: z.array(z.string()),
    failed_optional: z.array(z.string()).default([]),
    score: z.number(),
    score_accept: z.array(z.number()).default([]),
  }),
});

type QualityCase = z.infer<typeof qualityCase>;

/** Runs quality cases through the pipeline of the door and the pure score. */
export async function runQualityCases(file: string): Promise<CaseReport> {
  const { events } = z
    .object({ events: z.array(qualityCase) })
    .parse(JSON.parse(readFileSync(file, "utf8")));
  const failed = events.flatMap((one): CaseFailure[] => {
    const found = scoreCase(one);
    return found && isExpected(one, found) ? [] : [{ id: one.id, expected: one.expect, found }];
  });
  return { passed: events.length - failed.length, failed, debatable: [] };
}

function isExpected({ expect }: QualityCase, { failed, score }: QualityScore): boolean {
  const found = new Set<string>(failed);
  const allowed = new Set([...expect.failed, ...expect.failed_optional]);
  return (
    expect.failed.every((id) => found.has(id)) &&
    [...found].every((id) => allowed.has(id)) &&
    [expect.score, ...expect.score_accept].includes(score)
  );
}

function scoreCase(one: QualityCase): QualityScore | undefined {
  const { given, event } = one;
  const recent = createRecentEvents();
  const before = given.stored_before ?? [];
  for (const earlier of Array.isArray(before) ? before : [before]) {
    const stored = toRow(one, earlier);
    if (stored) recent.isDuplicate(stored.row);
  }
  const scored = toRow(one, event);
  if (!scored) return undefined;
  const plan = given.tracking_plan ?? [];
  const planned = Array.isArray(plan) ? plan : Object.keys(plan);
  const { event: name } = event;
  return scoreQuality({
    event: scored.row,
    givenName: typeof name === "string" ? name : null,
    correctedAt: scored.correctedAt,
    imported: given.imported ?? false,
    resolvesTo: ownerOf(given.resolves_to),
    planned: planned.includes(scored.row.name) || planned.includes(String(name)) ? [] : null,
    isDuplicate: recent.isDuplicate(scored.row),
  });
}

function ownerOf(resolvesTo: unknown): Scored["resolvesTo"] {
  if (resolvesTo === "visitor") return "visitor";
  return resolvesTo === null || resolvesTo === undefined || resolvesTo === "none"
    ? "nobody"
    : "contact";
}

const SERVER = new Set(["server", "secret", "import"]);

function toRow(
  { given }: QualityCase,
  message: Record<string, unknown>,
): { row: EventRow; correctedAt: number } | undefined {
  const kind = SERVER.has(given.source) ? "secret" : "site";
  const caller: Caller = { workspaceId: 1, kind, id: "case", scopes: new Set(["collect"]) };
  const { received_at } = given;
  const receivedAt = typeof received_at === "number" ? received_at : Date.parse(received_at);
  const { events } = collectEvents(
    { items: [message], type: null, isSmall: true },
    originOf({
      caller,
      receivedAt,
      imported: given.imported ?? false,
      ip: null,
      network: undefined,
      secure: true,
      headers: {},
      idempotencyKey: undefined,
      refusesJoin: false,
    }),
    {
      clickParameter: createClickParameter("jt"),
      storableIp: () => null,
      recent: NOTHING_RECENT,
      findPlanned: () => null,
    },
  );
  const [row] = events;
  return row && { row, correctedAt: correctedOf(row) };
}

/** The door keeps the sender's time and the moment of sending: the correction follows from them. */
function correctedOf({ context, sent_at, received_at }: EventRow): number {
  const original = context["original_at"];
  const said = typeof original === "number" ? original : (sent_at ?? received_at);
  const skew = sent_at === null || context["imported"] === 1 ? 0 : received_at - sent_at;
  return Math.abs(skew) > 5000 ? said + skew : said;
}
