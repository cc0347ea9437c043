import { recallClick, rememberClick, takeFrom } from "./click-id.ts";
import { createId } from "./ids.ts";
import { isNewPage } from "./page-url.ts";
import { createStorage } from "./storage.ts";
import { createTransport } from "./transport.ts";

type Properties = Record<string, unknown>;

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

/** What a page's tag says. */
export interface Settings {
  /** Folder of the script, with a slash at its end. */
  readonly folder: string;
  readonly writeKey: string;
  /** The click that the page was landed from. */
  readonly clickId: string | undefined;
  /** Whether what happens on the page is sent without being asked for. */
  readonly isAutomatic: boolean;
}

/** Something that happened on the page: what, what is known of it, and the element it happened to. */
export type Signal = readonly [kind: string, variables: Properties, target?: Element];

/** The script's inside, for what watches the page and for the modules that are loaded later. */
export interface Core {
  readonly api: Api;
  readonly listen: typeof listen;
  /** What has happened first, for triggers that are still loading. */
  readonly signals: Signal[];
  /** Called before a page view that replaces another one, and when the page is hidden. */
  readonly leaving: (() => void)[];
  /** The token of a preview, during which nothing is sent. */
  readonly preview: string | null;
  /** The one type of call that is sent; undefined sends all. */
  only: string | undefined;
  /** What the visitor has agreed to, by Google's keys. */
  consent?: Properties;
  /** Told what became of a trigger; set by the preview. */
  report?: (index: number, failed: unknown, value?: unknown) => void;
  /** Tells the triggers what happened; they replace it when they are there. */
  notice(...signal: Signal): void;
  /** The same, and sends it as the event of that name. */
  observe(...signal: Signal): void;
}

const VISITOR = "clicktrail_id";
const USER = "clicktrail_user";
const CLICK = "clicktrail_click";
const PREVIEW = "clicktrail_preview";
const MAX_SIGNALS = 99;

/** Wraps a function so that it never throws into the page. */
export function guard<A extends unknown[]>(action: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      action(...args);
    } catch {
      // The page matters more than the event.
    }
  };
}

/** Listens on the window, before the page's own handlers and without holding up its scrolling. */
export function listen<K extends keyof EventMap>(
  types: readonly K[],
  listener: (event: EventMap[K]) => void,
): void {
  // The types know only the window's events; those of the document pass through it too.
  const guarded = guard(listener as (event: Event) => void);
  for (const type of types) addEventListener(type, guarded, { capture: true, passive: true });
}

type EventMap = DocumentEventMap & WindowEventMap;

/** Takes a parameter off the address bar, before anything else of the page sees it. */
export function takeParameter(name: string): string | undefined {
  const [value, url] = takeFrom(location.href, name) ?? [];
  if (url) history.replaceState(history.state, "", url);
  return value;
}

/** Starts the script: offers the calls and delivers them. */
export function startCore({ folder, writeKey, clickId, isAutomatic }: Settings): Core {
  const local = createStorage(() => localStorage);
  const session = createStorage(() => sessionStorage);
  const { navigator } = window;
  let interacted = 0;
  let referrer = document.referrer;
  /** The page that is being left, when the address bar already shows the next one. */
  let left = "";

  const transport = createTransport(
    `${folder}v1/b?writeKey=${encodeURIComponent(writeKey)}`,
    {
      library: { name: "clicktrail.js" },
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      webdriver: navigator.webdriver ? 1 : undefined,
    },
    local,
  );
  if (clickId) session.set(CLICK, rememberClick(clickId, Date.now()));
  const preview = takeParameter(PREVIEW) ?? session.get(PREVIEW);
  session.set(PREVIEW, preview);

  const newId = (): string => createId(Date.now(), crypto.getRandomValues(new Uint8Array(16)));

  function visitorId(): string {
    const id = local.get(VISITOR) ?? newId();
    local.set(VISITOR, id);
    return id;
  }

  function call(type: string, members: Properties): void {
    const now = Date.now();
    const { href: url, pathname: path, search } = new URL(left || location.href);
    if ((core.only ?? type) !== type) return;
    transport.enqueue({
      type,
      messageId: newId(),
      timestamp: new Date(now).toISOString(),
      anonymousId: visitorId(),
      userId: local.get(USER),
      ...members,
      context: {
        page: { url, path, search, title: document.title, referrer },
        click_id: recallClick(session.get(CLICK), now),
        consent: core.consent,
        interacted,
      },
    });
  }

  function leavePage(): void {
    for (const listener of core.leaving) listener();
  }

  function flushOnLeave(): void {
    leavePage();
    transport.flush(true);
  }

  function viewPage(): void {
    if (isAutomatic) api.page();
    core.notice("page_view", {});
  }

  /** The first page view, and one for every later URL. */
  function watchPages(): void {
    let url = location.href;
    const viewIfNew = guard(() => {
      const next = location.href;
      if (!isNewPage(url, next)) return;
      left = url;
      leavePage();
      left = "";
      referrer = url;
      url = next;
      viewPage();
    });
    // One turn later the page has set its title, and a chain of redirects has come to its end.
    const soon = (): void => void setTimeout(viewIfNew);
    for (const method of ["pushState", "replaceState"] as const) {
      const original = history[method];
      history[method] = function (this: History, ...args) {
        original.apply(this, args);
        soon();
      };
    }
    listen(["popstate"], soon);
    viewPage();
  }

  const api: Api = {
    track: (event, properties) => call("track", { event, properties }),
    identify(userId, traits) {
      if (userId !== null && typeof userId === "object") return api.identify(null, userId);
      if (userId) local.set(USER, `${userId}`);
      call("identify", { traits, userId: local.get(USER) });
    },
    page(name, properties) {
      if (typeof name === "object") return api.page(undefined, name);
      call("page", { name, properties });
    },
    reset() {
      local.set(VISITOR, null);
      local.set(USER, null);
      session.set(CLICK, null);
    },
    push(...calls) {
      for (const [method, ...args] of calls) Reflect.get(api, `${method}`)?.(...args);
    },
  };
  for (const [name, method] of Object.entries(api)) Reflect.set(api, name, guard(method));
  const core: Core = {
    api,
    listen,
    preview,
    only: preview ? "none" : undefined,
    signals: [],
    leaving: [],
    notice(...signal) {
      // A site without triggers never asks for them.
      if (core.signals.length < MAX_SIGNALS) core.signals.push(signal);
    },
    observe(...signal) {
      core.notice(...signal);
      if (isAutomatic) api.track(signal[0], signal[1]);
    },
  };

  listen(["pointerdown", "keydown", "wheel", "scroll"], () => {
    interacted = 1;
  });
  listen(["pagehide"], flushOnLeave);
  listen(["visibilitychange"], () => document.hidden && flushOnLeave());
  watchPages();
  return core;
}
