import { byTime, type ClickFact, type Flag, type VisitorFact } from "./fact.ts";
import { SETTINGS } from "./settings.ts";

/** An event of some visitor that carried a click id. */
export interface Landing extends Pick<VisitorFact, "id" | "at" | "net" | "os"> {
  readonly visitor: string;
}

/** What a landing's click id is worth: only `claim` is evidence of who the visitor is. */
export type LandingWorth = "claim" | "repeat" | "bot" | "stale" | "shared";

/**
 * Judges all landings of one click: it claims the first visitor that presents it while it is fresh.
 *
 * A second visitor is somebody with the same URL (a chat, a bookmark), unless network and operating
 * system are those of the first within 30 minutes: an in-app mail browser that handed over.
 *
 * @param landings of every visitor, in any order; without invalid ones and ones without consent
 * @returns the worth of each landing by event id
 */
export function judgeLandings(
  click: ClickFact,
  landings: readonly Landing[],
): Map<string, LandingWorth> {
  const worth = new Map<string, LandingWorth>();
  const claimed = new Set<string>();
  let first: Landing | undefined;
  for (const landing of landings.toSorted(byTime)) {
    const judged = judge(click, landing, claimed, first);
    if (judged === "claim") {
      claimed.add(landing.visitor);
      first ??= landing;
    }
    worth.set(landing.id, judged);
  }
  return worth;
}

function judge(
  click: ClickFact,
  landing: Landing,
  claimed: ReadonlySet<string>,
  first: Landing | undefined,
): LandingWorth {
  if (!click.human) return "bot";
  if (claimed.has(landing.visitor)) return "repeat";
  const age = landing.at - click.at;
  if (age > SETTINGS.clickFreshMs || age < -SETTINGS.clickEarlyMs) return "stale";
  return first === undefined || isHandoff(first, landing) ? "claim" : "shared";
}

function isHandoff(first: Landing, second: Landing): boolean {
  return (
    first.net !== null &&
    first.os !== null &&
    first.net === second.net &&
    first.os === second.os &&
    second.at - first.at <= SETTINGS.handoffMs
  );
}

const WORTH_FLAGS = {
  bot: "bot_click",
  stale: "stale_click_id",
  shared: "shared_link",
} as const satisfies Partial<Record<LandingWorth, Flag["kind"]>>;

/** The finding that goes with a landing that claims nothing. */
export function flagOfLanding(worth: LandingWorth, clickId: string): Flag[] {
  if (worth === "claim" || worth === "repeat") return [];
  return [{ kind: WORTH_FLAGS[worth], about: [clickId] }];
}
