import type { Reason } from "./define.ts";
import { siteReason } from "./site-reasons.ts";
import { groupBy } from "./spans.ts";
import { mostDistinct } from "./windows.ts";

/** The narrow part of a site event that its neighbours' judgement needs. */
export interface SiteTrace {
  readonly id: string;
  readonly at: number;
  /** The anonymous id; null where a client sends none, and for a server's events. */
  readonly visitor: string | null;
  /** Address and user agent together; null where either is unknown. */
  readonly device: string | null;
  /** A page or screen view. */
  readonly isPage: boolean;
  /** A `track` call: the only kind that should follow a page. */
  readonly isTrack: boolean;
  /** Sent and received more than five minutes apart. */
  readonly isSkewed: boolean;
}

/** How far around an event its neighbours are looked at, in milliseconds. */
export const SITE_SPAN_MS = 60_000;

/** More than this in a minute is no person. */
const MOST_EVENTS = 60;
/** More than this in a minute is no household. */
export const MOST_VISITORS = 10;
/** One late event is a phone that was offline. */
const LEAST_SKEWED = 3;

/** The reasons that lie in an event's neighbours, those of its visitor and those of its device. */
export interface SiteNeighbourhood {
  visitorReasons(trace: SiteTrace): Reason[];
  deviceReasons(trace: SiteTrace): Reason[];
}

/** Sorts traces into visitors and devices, once for all the events to be judged. */
export function createSiteNeighbourhood(traces: readonly SiteTrace[]): SiteNeighbourhood {
  const sorted = [...traces].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const visitors = new Map(
    [...groupBy(sorted, (trace) => trace.visitor)].map(([key, own]) => [key, createVisitor(own)]),
  );
  const devices = new Map(
    [...groupBy(sorted, (trace) => trace.device)].map(([key, own]) => [key, countVisitors(own)]),
  );
  return {
    visitorReasons: (trace) => visitors.get(trace.visitor ?? "")?.(trace) ?? [],
    deviceReasons(trace) {
      const most = devices.get(trace.device ?? "")?.get(trace.id) ?? 0;
      if (most <= MOST_VISITORS) return [];
      return [
        siteReason(
          "device_rate",
          `over ${MOST_VISITORS} visitors a minute from one address and browser`,
        ),
      ];
    },
  };
}

/** @param own the visitor's events, by time */
function createVisitor(own: readonly SiteTrace[]): (trace: SiteTrace) => Reason[] {
  const moments = own.map(({ at, id }) => ({ at, key: id }));
  const counts = mostDistinct(moments, SITE_SPAN_MS);
  const perMinute = new Map(own.map(({ id }, index) => [id, counts[index] ?? 0]));
  const firstPageAt = own.find(({ isPage }) => isPage)?.at ?? Number.POSITIVE_INFINITY;

  return (trace) => {
    const events = perMinute.get(trace.id) ?? 0;
    return [
      ...(events > MOST_EVENTS
        ? [siteReason("visitor_rate", `over ${MOST_EVENTS} events a minute`)]
        : []),
      // A page that is sent a moment later than its first event is a matter of the script's order.
      ...(trace.isTrack && firstPageAt > trace.at + SITE_SPAN_MS
        ? [siteReason("no_page_before", "no page of this visitor before it")]
        : []),
      ...(trace.isSkewed && isAlwaysSkewed(own, trace)
        ? [siteReason("always_skewed", "every event sent and received minutes apart")]
        : []),
    ];
  };
}

function isAlwaysSkewed(own: readonly SiteTrace[], { at }: SiteTrace): boolean {
  const near = own.filter((other) => Math.abs(other.at - at) <= SITE_SPAN_MS);
  return near.length >= LEAST_SKEWED && near.every(({ isSkewed }) => isSkewed);
}

function countVisitors(own: readonly SiteTrace[]): Map<string, number> {
  const known = own.flatMap(({ id, at, visitor }) =>
    visitor === null ? [] : [{ id, at, key: visitor }],
  );
  const counts = mostDistinct(known, SITE_SPAN_MS);
  return new Map(known.map(({ id }, index) => [id, counts[index] ?? 0]));
}
