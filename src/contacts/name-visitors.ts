import type { DescribedEvent } from "./describe.ts";
import type { ClickFact } from "./fact.ts";
import type { Scope } from "./store.ts";
import { readVisitors, type VisitorEvent } from "./store-visitors.ts";

/** The numbers of the visitors of a batch; a new one is numbered after the event that brought it. */
export async function nameVisitors(
  scope: Scope,
  events: readonly DescribedEvent[],
): Promise<{
  visitorOf: ReadonlyMap<string, number>;
  created: { visitor: number; anonymous_id: string }[];
}> {
  const ids = events.flatMap(({ anonymousId, aliasOf }) =>
    [anonymousId ?? [], aliasOf ?? []].flat(),
  );
  const visitorOf = await readVisitors(scope, ids);
  const created: { visitor: number; anonymous_id: string }[] = [];
  const create = (anonymousId: string | null, visitor: number): void => {
    if (anonymousId === null || visitorOf.has(anonymousId)) return;
    visitorOf.set(anonymousId, visitor);
    created.push({ visitor, anonymous_id: anonymousId });
  };
  for (const { anonymousId, aliasOf, seq } of events) {
    create(anonymousId, seq);
    // One event may bring two.
    create(aliasOf, -seq);
  }
  return { visitorOf, created };
}

/** The rows of an event: under its own visitor, and under the one that an alias names. */
export function toVisitorEvents(
  { seq, fact, anonymousId, aliasOf, active, verdict }: DescribedEvent,
  visitorOf: ReadonlyMap<string, number>,
): VisitorEvent[] {
  const owner = { contact: null, strength: null, evidence: null };
  const unplaced = { seq, active, verdict, session: null, ...owner };
  const rows: VisitorEvent[] = [];
  const own = visitorOf.get(anonymousId ?? "");
  if (anonymousId !== null && own !== undefined) rows.push({ ...unplaced, visitor: own, fact });
  const named = visitorOf.get(aliasOf ?? "");
  if (aliasOf !== null && named !== undefined) {
    rows.push({
      ...unplaced,
      visitor: named,
      fact: { ...fact, kind: "alias", channel: "browser", clickId: null },
    });
  }
  return rows;
}

/** The click that an email fact is. */
export function toClick({ isClick, fact, recipientRef, verdict }: DescribedEvent): ClickFact[] {
  if (!isClick || fact.clickId === null) return [];
  return [{ clickId: fact.clickId, at: fact.at, ref: recipientRef, human: verdict === "human" }];
}
