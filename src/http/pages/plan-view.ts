import type { StandardEvent } from "../../log/event-entry.ts";
import { NAMES_OF_CALLS } from "../../log/event-name.ts";
import { STANDARD_EVENTS } from "../../log/standard-events.ts";
import { MOST_EVENT_NAMES, OTHER_EVENTS } from "../../reports/event-names.ts";
import type { EventUse } from "../../reports/event-use.ts";
import { adviceOf } from "../../reports/quality-advice.ts";
import type { PageDeps } from "./deps.ts";

type PlannedEvent = Awaited<ReturnType<PageDeps["trackingPlan"]["list"]>>[number];

/** What the page of a tracking plan is made of. */
export interface PlanFacts {
  readonly planned: readonly PlannedEvent[];
  /** Of the last days, most used first. */
  readonly use: readonly EventUse[];
  readonly isConversion: (name: string) => boolean;
}

/** More undeclared names than anybody declares one by one. */
const MOST_UNDECLARED = 50;

/** Where an event of the plan is looked at and changed. */
export function hrefOfEvent(name: string): string {
  return `/tracking-plan/event?${new URLSearchParams({ name })}`;
}

/** Lays the plan out: declared events, names that came without being declared, the standard events by category. */
export function toPlanView({ planned, use, isConversion }: PlanFacts) {
  const used = new Map(use.map((one) => [one.event, one]));
  const describe = (event: string) => describeEvent(event, used.get(event), isConversion(event));
  const toStandardRow = ({ name, required }: StandardEvent) => ({ ...describe(name), required });
  const declared = new Set(planned.map(({ name }) => name));
  const undeclared = use
    .filter(({ event }) => !declared.has(event) && !STANDARD_EVENTS.has(event))
    .filter(({ event }) => event !== OTHER_EVENTS && !NAMES_OF_CALLS.has(event))
    .map(({ event }) => describe(event));
  return {
    planned: planned.map(({ name, parameters }) => ({ ...describe(name), parameters })),
    undeclared: undeclared.slice(0, MOST_UNDECLARED),
    moreUndeclared: Math.max(0, undeclared.length - MOST_UNDECLARED),
    folded: { events: used.get(OTHER_EVENTS)?.events ?? 0, most_names: MOST_EVENT_NAMES },
    inUse: use.flatMap(({ event }) => {
      const standard = STANDARD_EVENTS.get(event);
      return standard ? [toStandardRow(standard)] : [];
    }),
    categories: groupStandard().map(([category, events]) => ({
      category,
      rows: events.map(toStandardRow),
    })),
  };
}

function describeEvent(event: string, use: EventUse | undefined, isConversion: boolean) {
  return {
    event,
    href: hrefOfEvent(event),
    events: use?.events ?? 0,
    violations: describeViolations(use),
    conversion: isConversion,
  };
}

/** What an event violated, with what to change and where to see it. */
export function describeViolations(use: EventUse | undefined) {
  return (use?.violations ?? []).map(({ check, failed }) => ({
    check,
    failed,
    fault: adviceOf(check)?.fault ?? "",
    change: adviceOf(check)?.change ?? "",
    href: `/quality?${new URLSearchParams({ event: use?.event ?? "" })}`,
  }));
}

function groupStandard(): [category: string, events: StandardEvent[]][] {
  const groups = new Map<string, StandardEvent[]>();
  for (const event of STANDARD_EVENTS.values()) {
    groups.set(event.category, [...(groups.get(event.category) ?? []), event]);
  }
  return [...groups];
}

/** A standard event for people: its parameters, and what others call it. */
export function describeStandard({
  category,
  required,
  conditional,
  optional,
  aliases,
  native,
}: StandardEvent) {
  const named = (says: string, params: StandardEvent["required"]) =>
    params.map(({ name, type }) => ({ name, type, says }));
  return {
    category,
    parameters: [
      ...named("required", required),
      ...named("where it applies", conditional),
      ...named("optional", optional),
    ],
    aliases,
    native: [
      ["GA4", native.ga4],
      ["Meta", native.meta],
      ["TikTok", native.tiktok],
      ["Pinterest", native.pinterest],
    ].flatMap(([platform, name]) => (name ? [{ platform, name }] : [])),
  };
}
