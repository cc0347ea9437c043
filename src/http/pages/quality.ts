import express, { type RequestHandler, type Router } from "express";
import { AppError } from "../../lib/errors.ts";
import type { QualityReport } from "../../reports/quality.ts";
import { adviceOf } from "../../reports/quality-advice.ts";
import { toQualityCsv } from "../../reports/routes-quality.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";

const SPANS = [7, 30, 90];
const USUAL_DAYS = 30;
const TABLES = ["day", "event", "check"] as const;

/** `/quality`: how well events are sent, which checks they fail, and what to change; also as CSV. */
export function createQualityPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  const read = (req: PageRequest, workspaceId: number) =>
    deps.readQuality(workspaceId, { ...choiceOf(req), until: deps.now() });

  router.get("/quality", gate, async (req, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const [report, sites, refused] = await Promise.all([
      read(req, workspaceId),
      deps.listSites(workspaceId),
      deps.failedEvents.count(workspaceId, "open"),
    ]);
    const names = new Map(sites.map(({ id, name }) => [id, name]));
    const view = {
      ...toView(report, names),
      ...toChoices(req),
      refused: refused.reduce((sum, { count }) => sum + count, 0),
    };
    show(req, res, { template: "quality", title: "Quality", current: "/quality", view });
  });

  router.get("/quality.csv", gate, async (req, res) => {
    const by = TABLES.find((name) => name === (textOf(req, "by") || "event"));
    if (!by) {
      throw new AppError("invalid_query", 422, `Expected by to be ${TABLES.join(", ")}.`);
    }
    const report = await read(req, signedInOf(res).caller.workspaceId);
    res.attachment("quality.csv").type("csv").send(toQualityCsv(report, by));
  });

  return router;
}

function choiceOf(req: PageRequest) {
  const days = SPANS.find((span) => String(span) === textOf(req, "days")) ?? USUAL_DAYS;
  const event = textOf(req, "event") || undefined;
  const sourceId = textOf(req, "source") || undefined;
  return { days, event, sourceId };
}

function hrefOf(path: string, fields: Record<string, string | number | undefined>): string {
  const given = Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return `${path}?${new URLSearchParams(given)}`;
}

function toChoices(req: PageRequest) {
  const { days, event, sourceId: source } = choiceOf(req);
  const csv = (by: string) => hrefOf("/quality.csv", { days, event, source, by });
  return {
    spans: SPANS.map((span) => ({ span, isOn: span === days })),
    event,
    source,
    everything: event === undefined && source === undefined ? "" : hrefOf("/quality", { days }),
    csv: { day: csv("day"), event: csv("event"), check: csv("check") },
  };
}

function toView(report: QualityReport, names: ReadonlyMap<string, string>) {
  const { totals, folded, days, checks, events } = report;
  return {
    folded: {
      ...folded,
      names: folded.names.map((one) => ({
        ...one,
        source: names.get(one.source_id) ?? one.source_id,
      })),
    },
    isEmpty: totals.events === 0,
    totals: { ...totals, band: bandOf(totals.score) },
    chart: drawScores(days),
    days: days
      .filter((day) => day.score !== null)
      .map((day) => ({ ...day, band: bandOf(day.score) }))
      .reverse(),
    checks: checks.map((one) => ({
      ...one,
      example: one.example && {
        ...one.example,
        properties: JSON.stringify(one.example.properties, null, 2).slice(0, 4000),
      },
    })),
    events: events.map((one) => ({
      ...one,
      source: names.get(one.source_id) ?? one.source_id,
      band: bandOf(one.score),
      fault: one.worst_check === null ? "" : (adviceOf(one.worst_check)?.fault ?? ""),
      href: hrefOf("/quality", { event: one.event, source: one.source_id }),
    })),
  };
}

/** `good` from 90, `fair` from 70, else `poor`. */
function bandOf(score: number | null): "good" | "fair" | "poor" | "" {
  if (score === null) return "";
  if (score >= 90) return "good";
  return score >= 70 ? "fair" : "poor";
}

const WIDTH = 720;
const HEIGHT = 160;
const GAP = 0.2;

/** A bar a day, as tall as its mean score; the same numbers stand in a table beside it. */
function drawScores(days: QualityReport["days"]) {
  const step = WIDTH / Math.max(1, days.length);
  const bars = days.flatMap(({ score }, index) => {
    if (score === null) return [];
    const height = (HEIGHT * score) / 100;
    const [x, y] = [round(index * step), round(HEIGHT - height)];
    return [{ band: bandOf(score), x, y, width: round(step * (1 - GAP)), height: round(height) }];
  });
  const [from, to] = [days[0]?.day ?? "", days.at(-1)?.day ?? ""];
  return { width: WIDTH, height: HEIGHT, bars, good: round(HEIGHT * 0.1), from, to };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
