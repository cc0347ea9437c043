import { recallClick, takeFrom } from "./click-id.ts";
import type { CompiledCondition, CompiledTrigger } from "./compiled.ts";
import { guard, listen } from "./guard.ts";
import { createId } from "./ids.ts";
import { local, session } from "./storage.ts";
import { auto } from "./tag.ts";
import { enqueue } from "./transport.ts";

export type Properties = Record<string, unknown>;

/** What a page calls: `clicktrail.track("sign_up")`. None of it ever throws. */
export interface Api {
  track(name: string, properties?: Properties): void;
  /** Says who the visitor is; without an id only what is known of them. */
  identify(userId?: string | Properties | null, traits?: Properties): void;
  page(name?: string | Properties, properties?: Properties): void;
  /** Forgets the visitor, as after signing out. */
  reset(): void;
  /** The queue from before the script was loaded goes on working. */
  push(...calls: unknown[][]): void;
}

/** Something that happened on the page: an event of the browser's, or one of ours in its shape. */
export interface Signal {
  readonly type: string;
  readonly target?: object | null;
  /** The name of an event of the data layer, or the page before one that came without a load. */
  readonly event?: string | undefined;
}

/** The script's inside, for the files that are loaded later. */
export interface Core {
  readonly api: Api;
  readonly listen: typeof listen;
  /** Takes what happened; the triggers replace it when they are there. */
  notice(signal: Signal): void;
  /** What has happened before. */
  signals: Signal[];
  /** The one type of call that is sent; empty sends all, undefined too while nobody knows. */
  only?: string | undefined;
  /** The visitor does not agree any more. */
  isHeld?: boolean;
  /** Told what became of a trigger; set by the preview. */
  report?: (
    trigger: CompiledTrigger,
    failed: unknown,
    condition?: CompiledCondition,
    signal?: Signal,
  ) => void;
}

const VISITOR = "clicktrail_id";
const USER = "clicktrail_user";
const MAX_SIGNALS = 999;

/** Where a remembered click is in the session's storage. */
export const CLICK = "clicktrail_click";

/** What every call tells of the page and its visitor. */
export const context: {
  interacted: number;
  /** What the visitor has agreed to, by Google's keys. */
  consent?: Properties;
} = { interacted: 0 };

/** Where the visitor is, and where they came from. */
export const place: {
  /** The page that is being left, while the address bar already shows the next one. */
  at: URL | Location;
  referrer: string;
} = { at: location, referrer: document.referrer };

/** How each type of call names what it is given: `event` and `properties`, or this. */
const MEMBERS = {
  track: [],
  click: [],
  page: ["name"],
  identify: ["userId", "traits"],
} as const;

const call = guard((type: keyof typeof MEMBERS, first: unknown, second?: unknown): void => {
  const [name, details] = Object(first) === first ? [undefined, first] : [first, second];
  const [head = "event", body = "properties"] = MEMBERS[type];
  if (head === "userId" && name) local(USER, name as string);
  if (core.isHeld || (core.only || type) !== type) return;
  const { href: url, pathname: path, search } = place.at;
  enqueue({
    type,
    messageId: createId(),
    timestamp: new Date(),
    anonymousId: local(VISITOR, local(VISITOR) || createId()),
    [head]: name,
    [body]: details,
    userId: local(USER) || null,
    context: {
      ...context,
      page: { url, path, search, title: document.title, referrer: place.referrer },
      click_id: recallClick(session(CLICK), Date.now()),
    },
  });
});

/**
 * Sends the clicks on links that no trigger has judged yet, because the settings have not come and the page may not live
 * to see them. The service judges them, by the link and the tags around it: of those each one alone, without what is in it.
 */
export function tellEarly(): void {
  core.signals = core.signals.filter(({ type, target }) => {
    const link = type === "click" && (target as Element).closest?.("a");
    if (link) {
      let html = link.outerHTML;
      for (let around = link.parentElement; around; around = around.parentElement) {
        html = (around.cloneNode() as Element).outerHTML + html;
      }
      call("click", isAutomatic, html);
    }
    return !link;
  });
}

/** The calls of a page. */
export const api = {
  reset() {
    local(VISITOR, "");
    local(USER, "");
    session(CLICK, "");
  },
  push: guard((...calls) => {
    for (const [method, ...args] of calls) {
      (api[method as keyof Api] as ((...args: unknown[]) => void) | undefined)?.(...args);
    }
  }),
} as Api;
// As a loop 20 bytes less; what a page says by `click` is read as what the script does.
for (const type in MEMBERS) {
  api[type as "track"] = (first?: unknown, second?: unknown) =>
    call(type as "track", first, second);
}

/** Whether what happens on the page is sent without being asked for. */
export const isAutomatic: boolean = auto !== "off";

/** Takes a parameter off the address bar, before anything else of the page sees it. */
export const takeParameter = (name: string): string | undefined => {
  const [value, url] = takeFrom(location.href, name);
  if (value !== undefined) history.replaceState(history.state, "", url);
  return value;
};

/** The script's inside. */
export const core: Core = {
  api,
  listen,
  signals: [],
  notice(signal) {
    if (core.signals.length < MAX_SIGNALS) core.signals.push(signal);
  },
};
