import express, { type RequestHandler, type Router } from "express";
import { toCsvLine } from "../../lib/csv.ts";
import { AppError } from "../../lib/errors.ts";
import { rawCount, type TrafficKind, type TrafficReport } from "../../reports/traffic.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";
import { drawDays, nameNetwork, shareOf } from "./traffic-view.ts";

const KINDS: readonly { kind: TrafficKind; label: string }[] = [
  { kind: "click", label: "Clicks" },
  { kind: "open", label: "Opens" },
  { kind: "site", label: "Site events" },
];
const SPANS = [7, 30, 90];
const USUAL_DAYS = 30;

/** `/traffic`: what came, what was filtered of it and why; each table also as CSV. */
export function createTrafficPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  const read = (req: PageRequest, workspaceId: number) => {
    const { kind, days } = choiceOf(req);
    return deps.readTraffic(workspaceId, { kind, days, until: deps.now() });
  };

  router.get("/traffic", gate, async (req, res) => {
    const report = await read(req, signedInOf(res).caller.workspaceId);
    const view = { ...toView(report, deps.signalTexts), ...toChoices(req) };
    show(req, res, { template: "traffic", title: "Traffic", current: "/traffic", view });
  });

  router.get("/traffic.csv", gate, async (req, res) => {
    const report = await read(req, signedInOf(res).caller.workspaceId);
    const csv = toTable(report, textOf(req, "by") || "day");
    res.attachment("traffic.csv").type("csv").send(csv);
  });

  return router;
}

function choiceOf(req: PageRequest): { kind: TrafficKind; days: number } {
  const { kind } = KINDS.find((one) => one.kind === textOf(req, "kind")) ?? { kind: "click" };
  const days = SPANS.find((span) => String(span) === textOf(req, "days")) ?? USUAL_DAYS;
  return { kind, days };
}

function toChoices(req: PageRequest) {
  const { kind, days } = choiceOf(req);
  const query = (by: string) =>
    `/traffic.csv?${new URLSearchParams({ kind, days: String(days), by })}`;
  return {
    kinds: KINDS.map((one) => ({ ...one, isOn: one.kind === kind })),
    spans: SPANS.map((span) => ({ span, isOn: span === days })),
    csv: {
      day: query("day"),
      reason: query("reason"),
      campaign: query("campaign"),
      network: query("network"),
    },
  };
}

function toView(report: TrafficReport, signalTexts: ReadonlyMap<string, string>) {
  const { totals, days, reasons, campaigns, networks } = report;
  const raw = rawCount(totals);
  const most = Math.max(1, ...reasons.map(({ machine, prefetch }) => machine + prefetch));
  return {
    totals: {
      ...totals,
      raw,
      filtered: raw - totals.human,
      share: shareOf(raw - totals.human, raw),
    },
    isEmpty: raw === 0,
    chart: drawDays(days),
    days: days
      .filter((day) => rawCount(day) > 0)
      .map((day) => ({ ...day, raw: rawCount(day) }))
      .reverse(),
    reasons: reasons.map(({ signal, machine, prefetch }) => ({
      signal,
      says: signalTexts.get(signal) ?? signal,
      hits: machine + prefetch,
      width: Math.max(1, Math.round((100 * (machine + prefetch)) / most)),
    })),
    campaigns: campaigns.map((one) => ({
      ...one,
      raw: rawCount(one),
      share: shareOf(rawCount(one) - one.human, rawCount(one)),
      href: `/campaigns/${encodeURIComponent(one.id)}`,
    })),
    networks: networks.map((one) => ({
      ...one,
      raw: rawCount(one),
      name: nameNetwork(one.network),
    })),
  };
}

function toTable({ days, reasons, campaigns, networks }: TrafficReport, by: string): string {
  const counts = ["raw", "people", "unsure", "machines", "prefetches"];
  const row = (one: TrafficReport["totals"]) => [
    rawCount(one),
    one.human,
    one.unsure,
    one.machine,
    one.prefetch,
  ];
  switch (by) {
    case "day":
      return toCsv(
        ["day", ...counts],
        days.map((one) => [one.day, ...row(one)]),
      );
    case "reason":
      return toCsv(
        ["reason", "machines", "prefetches"],
        reasons.map(({ signal, machine, prefetch }) => [signal, machine, prefetch]),
      );
    case "campaign":
      return toCsv(
        ["campaign", "name", ...counts],
        campaigns.map((one) => [one.id, one.name, ...row(one)]),
      );
    case "network":
      return toCsv(
        ["network", ...counts],
        networks.map((one) => [one.network, ...row(one)]),
      );
    default:
      throw new AppError(
        "invalid_query",
        422,
        "Expected `by` to be day, reason, campaign or network.",
      );
  }
}

function toCsv(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [columns, ...rows].map(toCsvLine).join("");
}
