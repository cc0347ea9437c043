import type { Caller } from "../lib/caller.ts";
import { isObject, type JsonObject, objectOf, textOf } from "./json-object.ts";

/** A click on a link of a page that was left before its script knew what to look for. */
interface EarlyClick {
  /** The link and the tags around it. */
  readonly html: string;
  readonly isAutomatic: boolean;
  readonly page: { readonly url: string; readonly title: string; readonly referrer: string };
}

/** What a site's triggers make of such a click; undefined where it is none. */
export type JudgeClick = (
  site: Pick<Caller, "workspaceId" | "id">,
  click: EarlyClick,
) => readonly { event: string; properties: JsonObject }[] | undefined;

/** The script's own type of call, beside those of the protocol. */
const CLICK = "click";

/** Of one request; more than a hand clicks before a page has its settings. Judging takes time at the door. */
const MAX_CLICKS = 10;

/**
 * Puts in the place of each early click of our script the events that the site's triggers make of it.
 *
 * @returns the same list where there is none, as in nearly every request; what can't be read stays, to be refused
 */
export function spellOutEarlyClicks(
  items: readonly unknown[],
  caller: Caller,
  judge: JudgeClick,
): readonly unknown[] {
  if (caller.kind !== "site" || !items.some(isEarly)) return items;
  let clicks = 0;
  return items.flatMap((item) => {
    if (!isEarly(item) || ++clicks > MAX_CLICKS) return [item];
    const events = judge(caller, readClick(item));
    if (!events) return [item];
    return events.map((event, index) => ({
      ...item,
      ...event,
      type: "track",
      // Sent again, it is the same events.
      messageId: `${String(item["messageId"])}-${index}`,
    }));
  });
}

function isEarly(item: unknown): item is JsonObject {
  return isObject(item) && item["type"] === CLICK;
}

function readClick({ event, properties, context }: JsonObject): EarlyClick {
  const page = objectOf(objectOf(context)["page"]);
  return {
    html: textOf(properties) ?? "",
    isAutomatic: event === true,
    page: {
      url: textOf(page["url"]) ?? "",
      title: textOf(page["title"]) ?? "",
      referrer: textOf(page["referrer"]) ?? "",
    },
  };
}
