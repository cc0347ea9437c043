import { addUtm, isSignedUrl, type UtmKey, type UtmMode, type UtmParams, utmSlug } from "../utm.ts";

/** One link of a mail: a position, or two where Outlook has a twin of its own. */
export interface Link {
  /** Its position among the links of the mail, from 0. */
  readonly index: number;
  /** What the sender calls it (`data-link-name`), if anything. */
  readonly name: string | null;
  /** The words it shows, or the alt text of its image. */
  readonly text: string;
  /** As the mail has it, decoded. */
  readonly url: string;
  /** Where a click leads; `{0}`, `{1}`, … stand for merge values. */
  readonly destination: string;
  readonly hasSlots: boolean;
  /** Offset of its first place in the given text. */
  readonly offset: number;
}

/** What is known of a link when its place is found. */
interface LinkFound {
  readonly url: string;
  /** Without UTM. */
  readonly destination: string;
  readonly hasSlots: boolean;
  readonly offset: number;
  readonly name: string | null;
  readonly text: string;
  /** The element's own UTM values, before those of the mail. */
  readonly utm: UtmParams;
  readonly utmOff: boolean;
}

/** What tags every link of a mail. */
export interface UtmPolicy {
  readonly utm: UtmParams;
  readonly mode: UtmMode;
  /** The campaign's name, for the value `auto`. */
  readonly campaign: string;
}

/** Where a found link stands: Outlook's comments, ordinary HTML, or the text part. */
type LinkPlace = "conditional" | "html" | "text";

/** The links of one mail, numbered in document order. */
export interface LinkList {
  /**
   * Adds a place and returns its link's index. An Outlook link and the next HTML link to the same
   * destination are one link, and so is a text link to the destination of an HTML link.
   */
  add(found: LinkFound, place: LinkPlace): number;
  /** The finished links, by index. */
  list(): Link[];
}

interface Entry {
  found: LinkFound;
  readonly untagged: string;
}

/** Makes the empty list of a mail. */
export function createLinkList(policy: UtmPolicy): LinkList {
  const entries: Entry[] = [];
  const waitingTwins = new Map<string, number[]>();
  const htmlLinks = new Map<string, number>();

  function add(found: LinkFound, place: LinkPlace): number {
    const key = tag(found, policy, "");
    const known = place === "html" ? waitingTwins.get(key)?.shift() : undefined;
    const same = known ?? (place === "text" ? htmlLinks.get(key) : undefined);
    const twin = same === undefined ? undefined : entries[same];
    if (twin && same !== undefined) {
      twin.found = { ...twin.found, ...describe(twin.found, found) };
      if (place === "html" && !htmlLinks.has(key)) htmlLinks.set(key, same);
      return same;
    }
    const index = entries.push({ found, untagged: key }) - 1;
    if (place === "conditional") {
      const waiting = waitingTwins.get(key);
      if (waiting) waiting.push(index);
      else waitingTwins.set(key, [index]);
    } else if (place === "html" && !htmlLinks.has(key)) htmlLinks.set(key, index);
    return index;
  }

  return { add, list: () => entries.map((entry, index) => finish(entry, index, policy)) };
}

/** Of twins, the first that has a name or a text gives it. */
function describe(first: LinkFound, second: LinkFound): Pick<LinkFound, "name" | "text"> {
  return { name: first.name ?? second.name, text: first.text || second.text };
}

function finish({ found, untagged }: Entry, index: number, policy: UtmPolicy): Link {
  const { url, hasSlots, offset, name, text } = found;
  const wantsContent = (found.utm.utm_content ?? policy.utm.utm_content) === "auto";
  const destination = wantsContent ? tag(found, policy, utmSlug(name || text)) : untagged;
  return { index, name, text, url, destination, hasSlots, offset };
}

function tag(found: LinkFound, policy: UtmPolicy, content: string): string {
  if (found.utmOff || policy.mode === "off" || isSignedUrl(found.destination)) {
    return found.destination;
  }
  const utm = { ...policy.utm, ...found.utm };
  return addUtm(found.destination, automatic(utm, policy.campaign, content), policy.mode);
}

/** Automatic values stand only where `auto` asks for them. */
function automatic(utm: UtmParams, campaign: string, content: string): UtmParams {
  const automatics: Partial<Record<UtmKey, string>> = {
    utm_medium: "email",
    utm_campaign: utmSlug(campaign),
    utm_content: content,
  };
  const entries = Object.entries(utm).map(([key, value]) =>
    value === "auto" ? [key, automatics[key as UtmKey] ?? value] : [key, value],
  );
  return Object.fromEntries(entries);
}
