import { AUTOMATIC } from "./automatic.ts";
import { closest, describeElement, type Element, readLink } from "./link-markup.ts";
import type { CompiledCondition, CompiledPath, CompiledTrigger } from "./script/compiled.ts";
import { convert, walk } from "./script/modules/walk.ts";
import type { LiveSite } from "./sites.ts";

/** A click on a link of a page that was left before its script knew what to look for. */
export interface EarlyClick {
  /** The link and the tags around it, as `link-markup.ts` reads it. */
  readonly html: string;
  /** Whether the tag lets the script send what happens on the page without being asked for. */
  readonly isAutomatic: boolean;
  readonly page: { readonly url: string; readonly title: string; readonly referrer: string };
}

/** An event that a trigger makes of a click. */
export interface JudgedEvent {
  readonly event: string;
  readonly properties: Record<string, unknown>;
}

/** As many characters of a text as the script's own triggers compare. */
const MAX_TEXT = 2000;

/**
 * Judges a click as the script would have: by the site's switch, its published triggers and those of every site.
 *
 * A trigger that asks for what the click does not tell (the data layer, how far the page was scrolled, the link's
 * neighbours) does not fire: an event that did not happen is worse than one that is missing.
 *
 * @returns undefined where the markup holds no link
 */
export function judgeEarlyClick(
  click: EarlyClick,
  { collects, triggers }: LiveSite,
): JudgedEvent[] | undefined {
  const link = readLink(click.html);
  if (!link || !URL.canParse(click.page.url)) return undefined;
  if (collects !== "everything") return [];
  const all = click.isAutomatic ? [...triggers, ...AUTOMATIC] : triggers;
  const read = createReader(link, click.page);
  return all.flatMap((trigger) => judge(trigger, link, read) ?? []);
}

type Read = (path: CompiledPath) => unknown;

/** Says that nobody knows. */
class Unknown extends Error {}

function judge(
  [on, when, , selector, conditions, event, parameters]: CompiledTrigger,
  link: Element,
  read: Read,
): JudgedEvent | undefined {
  if (!on.includes("click")) return undefined;
  const holds = (condition: CompiledCondition): boolean => isFulfilled(condition, read);
  try {
    if (!when.every(holds) || (selector && !closest(link, selector))) return undefined;
    if (!conditions.every(holds)) return undefined;
    const properties = parameters.map(([name, value, type]) => [
      name,
      type ? convert(read(value), type) : value,
    ]);
    return { event, properties: Object.fromEntries(properties) };
  } catch {
    // Unknown, or a selector that is none: as in the browser, one trigger's mistake does not stop the others.
    return undefined;
  }
}

function isFulfilled([test, isNegated, ...paths]: CompiledCondition, read: Read): boolean {
  const text = paths.map(read).join(" ").trim().slice(0, MAX_TEXT);
  const isSo = typeof test === "number" ? Number(text) > test : new RegExp(test, "is").test(text);
  return isSo !== (isNegated === 1);
}

/** What a path may start from, as `CompiledPath` names it, but what a click alone does not tell. */
const UNKNOWN = /^(layer|scroll|percent|provider|position|since|form|video|\[.*)$/;

function createReader(link: Element, page: EarlyClick["page"]): Read {
  const url = new URL(page.url);
  const known: Record<string, unknown> = {
    location: url,
    document: { ...page, visibilityState: "visible" },
    event: { type: "click", button: 0 },
    query: Object.fromEntries(url.searchParams),
  };
  return ([root, ...steps]) => {
    if (UNKNOWN.test(root)) throw new Unknown(root);
    const from = known[root] ?? describeElement(closest(link, root) ?? link, page.url);
    return walk(from, steps, page.url);
  };
}
