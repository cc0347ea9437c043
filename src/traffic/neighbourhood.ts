import { createHash } from "node:crypto";
import { networkPrefix } from "../lib/ip.ts";
import type { Agent, Hit, MailFacts, Neighbourhood, Trace } from "./define.ts";
import { settleByName } from "./prefetch.ts";
import { groupBy } from "./spans.ts";
import { mostDistinct } from "./windows.ts";

/** Finds the neighbourhood of a hit among the traces it was made from. */
export type FindNeighbours = (trace: Trace, mail: MailFacts) => Neighbourhood;

/**
 * The narrow part of a hit that its neighbours are judged by.
 *
 * Where a link names no contact, one address with one user agent stands for it: strangers who share
 * such a link must not look like one fast reader.
 */
export function traceOf(hit: Hit, agent: Agent): Trace {
  const who = hit.contact ?? standIn(`${hit.address} ${agent.text}`);
  return {
    id: hit.id,
    at: hit.at,
    group: groupOf(hit.message ?? "", who),
    who,
    contact: hit.contact,
    link: hit.link,
    address: hit.address,
    os: agent.os,
    counts: hit.kind === "click" && settleByName(hit, agent) === undefined,
  };
}

/** Names a mail and the one it went to. */
export function groupOf(message: string, who: string): string {
  return `${message} ${who}`;
}

/** Begins with a character that no contact reference has. */
function standIn(device: string): string {
  return `?${createHash("sha256").update(device).digest("base64url").slice(0, 16)}`;
}

/** Sorts traces into mails and addresses, once for all the hits to be judged. */
export function createNeighbourhoods(traces: readonly Trace[]): FindNeighbours {
  const counted = traces.filter((trace) => trace.counts).sort(byMoment);
  const byGroup = createGroups(counted, (trace) => trace.group);
  const byAddress = createGroups(counted, (trace) => trace.address);
  const prefixOf = memoize(networkPrefix);

  return (trace, mail) => {
    const group = byGroup.get(trace.group);
    const address = trace.address === null ? undefined : byAddress.get(trace.address);
    return {
      links: (ms) => group?.mostDistinct(trace.id, ms, "link", (other) => other.link) ?? 0,
      mailLinks: (ms) =>
        group?.mostDistinct(trace.id, ms, "mail", ({ link }) =>
          link !== null && mail.links.has(link) ? link : null,
        ) ?? 0,
      contacts: (ms) =>
        address?.mostDistinct(trace.id, ms, "contact", (other) => other.contact) ?? 0,
      find: (ms, wanted) => group?.find(trace, ms, wanted),
      findOn: (links, ms, wanted = () => true) => group?.findOn(links, trace, ms, wanted),
      isSameNetwork: (other) =>
        trace.address !== null &&
        other.address !== null &&
        prefixOf(trace.address) === prefixOf(other.address),
    };
  };
}

interface Group {
  mostDistinct(
    id: string,
    ms: number,
    what: string,
    keyOf: (trace: Trace) => string | null,
  ): number;
  find(trace: Trace, ms: number, wanted: (other: Trace) => boolean): Trace | undefined;
  findOn(
    links: ReadonlySet<string>,
    trace: Trace,
    ms: number,
    wanted: (other: Trace) => boolean,
  ): Trace | undefined;
}

function createGroups(
  traces: readonly Trace[],
  keyOf: (trace: Trace) => string | null,
): Map<string, Group> {
  return new Map([...groupBy(traces, keyOf)].map(([key, own]) => [key, createGroup(own)]));
}

function createGroup(traces: readonly Trace[]): Group {
  const cache = new Map<string, Map<string, number>>();
  let byLink: Map<string, Trace[]> | undefined;
  return {
    mostDistinct(id, ms, what, keyOf) {
      const known = cache.get(`${what} ${ms}`);
      const counts = known ?? countDistinct(traces, ms, keyOf);
      if (!known) cache.set(`${what} ${ms}`, counts);
      return counts.get(id) ?? 0;
    },
    find: (trace, ms, wanted) => findAround(traces, trace, ms, wanted),
    findOn(links, trace, ms, wanted) {
      byLink ??= groupBy(traces, ({ link }) => link);
      for (const link of links) {
        const found = findAround(byLink.get(link) ?? [], trace, ms, wanted);
        if (found) return found;
      }
      return undefined;
    },
  };
}

function findAround(
  traces: readonly Trace[],
  { id, at }: Trace,
  ms: number,
  wanted: (other: Trace) => boolean,
): Trace | undefined {
  for (let index = firstFrom(traces, at - ms); index < traces.length; index += 1) {
    const other = traces[index];
    if (!other || other.at > at + ms) return undefined;
    if (other.id !== id && wanted(other)) return other;
  }
  return undefined;
}

function countDistinct(
  traces: readonly Trace[],
  ms: number,
  keyOf: (trace: Trace) => string | null,
): Map<string, number> {
  const moments = traces.flatMap((trace) => {
    const key = keyOf(trace);
    return key === null ? [] : [{ id: trace.id, at: trace.at, key }];
  });
  const counts = mostDistinct(moments, ms);
  return new Map(moments.map(({ id }, index) => [id, counts[index] ?? 0]));
}

/** Index of the first trace at or after a moment. */
function firstFrom(traces: readonly Trace[], at: number): number {
  let low = 0;
  let high = traces.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((traces[middle]?.at ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By time, then by id: the order in which hits came must not show. */
function byMoment(a: Trace, b: Trace): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}

function memoize(compute: (key: string) => string): (key: string) => string {
  const known = new Map<string, string>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
