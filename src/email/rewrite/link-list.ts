import {
  addUtmPairs,
  encodeUtm,
  isSignedUrl,
  type UtmKey,
  type UtmMode,
  type UtmParams,
  utmSlug,
} from "../utm.ts";

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

/** Where a found link stands: Outlook's comments, ordinary HTML, the text part or the AMP part. */
export type LinkPlace = "conditional" | "html" | "text" | "amp";

/** The links of one mail, numbered in document order. */
export interface LinkList {
  /**
   * Adds a place and returns its link's index. Other forms of a link are the same link: an Outlook
   * link and the next HTML link with its final destination, a text link and the first HTML link of
   * its URL, the n-th AMP link and the n-th HTML link of their URL.
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
  const tag = createTagger(policy);
  const entries: Entry[] = [];
  const waitingTwins = createQueues();
  /** Links of the HTML part by their URL without UTM: what an element says of its UTM holds elsewhere too. */
  const htmlLinks = createQueues();

  function add(found: LinkFound, place: LinkPlace): number {
    const untagged = tag(found, "");
    const same = findTwin(found, untagged, place);
    const twin = same === undefined ? undefined : entries[same];
    if (twin && same !== undefined) {
      twin.found = { ...twin.found, ...describe(twin.found, found) };
      return same;
    }
    const index = entries.push({ found, untagged }) - 1;
    if (place === "conditional") waitingTwins.push(untagged, index);
    if (place === "conditional" || place === "html") htmlLinks.push(found.destination, index);
    return index;
  }

  function findTwin(found: LinkFound, untagged: string, place: LinkPlace): number | undefined {
    if (place === "html") return waitingTwins.shift(untagged);
    if (place === "text") return htmlLinks.first(found.destination);
    return place === "amp" ? htmlLinks.shift(found.destination) : undefined;
  }

  return { add, list: () => entries.map((entry, index) => finish(entry, index, policy, tag)) };
}

/** Indexes waiting under a URL, first in first out. */
function createQueues() {
  const queues = new Map<string, { readonly indexes: number[]; taken: number }>();
  return {
    push(key: string, index: number): void {
      const queue = queues.get(key);
      if (queue) queue.indexes.push(index);
      else queues.set(key, { indexes: [index], taken: 0 });
    },
    // Array.shift is linear in what waits: thousands of equal links would be quadratic.
    shift(key: string): number | undefined {
      const queue = queues.get(key);
      if (!queue || queue.taken === queue.indexes.length) return undefined;
      queue.taken += 1;
      return queue.indexes[queue.taken - 1];
    },
    first: (key: string) => queues.get(key)?.indexes[0],
  };
}

/** Of twins, the first that has a name or a text gives it. */
function describe(first: LinkFound, second: LinkFound): Pick<LinkFound, "name" | "text"> {
  return { name: first.name ?? second.name, text: first.text || second.text };
}

function finish({ found, untagged }: Entry, index: number, policy: UtmPolicy, tag: Tagger): Link {
  const { url, hasSlots, offset, name, text } = found;
  const wantsContent = (found.utm.utm_content ?? policy.utm.utm_content) === "auto";
  const destination = wantsContent ? tag(found, utmSlug(name || text)) : untagged;
  return { index, name, text, url, destination, hasSlots, offset };
}

/** The destination of a link with its UTM; `content` is what `utm_content: auto` stands for. */
type Tagger = (found: LinkFound, content: string) => string;

/** Most links of a mail get the same parameters: those are put together once. */
function createTagger({ utm, mode, campaign }: UtmPolicy): Tagger {
  const shared = encodeUtm(automatic(utm, campaign, ""));
  return (found, content) => {
    if (found.utmOff || mode === "off" || isSignedUrl(found.destination)) return found.destination;
    const isShared = content === "" && found.utm === NO_UTM;
    const pairs = isShared
      ? shared
      : encodeUtm(automatic({ ...utm, ...found.utm }, campaign, content));
    return addUtmPairs(found.destination, pairs, mode);
  };
}

/** What an element says that says nothing of UTM. */
export const NO_UTM: UtmParams = {};

/** Automatic values stand only where `auto` asks for them. */
function automatic(utm: UtmParams, campaign: string, content: string): UtmParams {
  if (!Object.values(utm).includes("auto")) return utm;
  const automatics: UtmParams = {
    utm_medium: "email",
    utm_campaign: utmSlug(campaign),
    utm_content: content,
  };
  const entries = Object.entries(utm).map(([key, value]) =>
    value === "auto" ? [key, automatics[key as UtmKey] ?? value] : [key, value],
  );
  return Object.fromEntries(entries);
}
