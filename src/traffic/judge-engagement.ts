import { ENGAGEMENT_MS } from "./engagement.ts";
import type { JudgedVisits } from "./judge-visits.ts";
import { groupBy, joinSpans, uniqueRows } from "./spans.ts";
import type { TrafficStore, VisitRow } from "./store.ts";
import type { KeySpan } from "./store-sharers.ts";

/**
 * Finds the clicks whose engagement a batch may have changed: those that brought a visitor who engaged
 * in it, or whose engagement is now judged a machine's, and those of a landing that came after the act.
 */
export async function findTouchedClicks(
  { rows, changed }: JudgedVisits,
  store: TrafficStore,
): Promise<string[]> {
  const acts = [...rows, ...changed].filter((row) => row.is_engaged === 1);
  const landed = rows.filter(({ click_id }) => click_id !== null);
  const [landings, laterActs] = await Promise.all([
    store.landingsOfVisitors(spansOf(acts, (at) => ({ from: at - ENGAGEMENT_MS, to: at }))),
    store.engagements(spansOf(landed, (at) => ({ from: at, to: at + ENGAGEMENT_MS }))),
  ]);
  const active = new Set([...acts, ...laterActs].map(({ visitor }) => visitor));
  active.delete(null);
  const touched = [...acts, ...landings, ...landed.filter(({ visitor }) => active.has(visitor))];
  return [...new Set(touched.flatMap(({ click_id }) => (click_id === null ? [] : [click_id])))];
}

/** Which of these clicks brought a visitor who engaged, a machine's acts left out. */
export async function findEngagedClicks(
  clickIds: readonly string[],
  { rows, verdicts }: JudgedVisits,
  store: TrafficStore,
): Promise<ReadonlySet<string>> {
  const wanted = new Set(clickIds);
  const landings = [...(await store.landingsOfClicks(clickIds)), ...rows].filter(
    ({ click_id }) => click_id !== null && wanted.has(click_id),
  );
  const spans = spansOf(landings, (at) => ({ from: at, to: at + ENGAGEMENT_MS }));
  const acts = [...landings, ...(await store.engagements(spans)), ...rows].filter(
    (row) => row.is_engaged === 1,
  );
  const stored = await store.verdicts(
    acts.map(({ seq }) => seq).filter((seq) => !verdicts.has(seq)),
  );
  const isPersons = ({ seq }: VisitRow): boolean =>
    (verdicts.get(seq) ?? stored.get(seq))?.verdict !== "machine";
  const persons = uniqueRows(acts).filter(isPersons);
  const actsOf = groupBy(persons, ({ visitor }) => visitor);
  const personal = new Set(persons.map(({ seq }) => seq));

  const engaged = new Set<string>();
  for (const { seq, click_id: click, visitor, occurred_at: at } of landings) {
    const isFollowed = actsOf
      .get(visitor ?? "")
      ?.some((act) => act.occurred_at >= at && act.occurred_at <= at + ENGAGEMENT_MS);
    if (click !== null && (personal.has(seq) || isFollowed)) engaged.add(click);
  }
  return engaged;
}

function spansOf(
  rows: readonly VisitRow[],
  around: (at: number) => { from: number; to: number },
): KeySpan[] {
  const spans = rows.flatMap(({ visitor, occurred_at: at }) =>
    visitor === null ? [] : [{ on: visitor, ...around(at) }],
  );
  return joinSpans(spans, (key) => key).map(({ on, from, to }) => ({ key: on, from, to }));
}
