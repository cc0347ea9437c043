import { recallClick, rememberClick, takeClickId } from "./click-id.ts";
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

/** The script's own attributes: `data-key`, `data-click-param`, `data-privacy`, `data-auto`. */
export interface Settings {
  /** Folder of the script, with a slash at its end. */
  readonly base: string;
  readonly key: string;
  readonly clickParam: string;
  /** A visitor who sends Global Privacy Control or Do Not Track is not joined with a click. */
  readonly respectsPrivacy: boolean;
}

/** The script's inside, for the triggers. */
export interface Core {
  readonly api: Api;
  /** Called before a page view that replaces another one, and when the page is hidden. */
  onLeavePage(listener: () => void): void;
  /** Sends the first page view and one for every later URL. */
  watchPages(): void;
}

const VISITOR = "clicktrail_id";
const USER = "clicktrail_user";
const CLICK = "clicktrail_click";

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
  type: K,
  listener: (event: EventMap[K]) => void,
  once = false,
): void {
  const options = { capture: true, passive: true, once };
  // The types know only the window's events; those of the document pass through it too.
  addEventListener(type, guard(listener as (event: Event) => void), options);
}

type EventMap = DocumentEventMap & WindowEventMap;

/** Starts the script: takes the click parameter, offers the calls and delivers them. */
export function startCore(settings: Settings): Core {
  const local = createStorage(() => localStorage);
  const session = createStorage(() => sessionStorage);
  const { navigator } = window;
  const leaveListeners: (() => void)[] = [];
  let interacted = 0;
  let referrer = document.referrer;
  /** The page that is being left, when the address bar already shows the next one. */
  let leaving = "";

  landFromClick();
  const transport = createTransport(
    `${settings.base}v1/b?writeKey=${encodeURIComponent(settings.key)}`,
    {
      library: { name: "clicktrail.js" },
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...(navigator.webdriver ? { webdriver: 1 } : {}),
    },
    local,
  );

  function landFromClick(): void {
    const landing = takeClickId(location.href, settings.clickParam);
    if (!landing) return;
    history.replaceState(history.state, "", landing.url);
    if (!settings.respectsPrivacy || !refusesTracking()) {
      session.set(CLICK, rememberClick(landing.clickId, Date.now()));
    }
  }

  function refusesTracking(): unknown {
    return Reflect.get(navigator, "globalPrivacyControl") || navigator.doNotTrack === "1";
  }

  function newId(): string {
    return createId(Date.now(), crypto.getRandomValues(new Uint8Array(16)));
  }

  function visitorId(): string {
    const known = local.get(VISITOR);
    if (known) return known;
    const id = newId();
    local.set(VISITOR, id);
    return id;
  }

  function call(type: string, members: Properties): void {
    const now = Date.now();
    const page = new URL(leaving || location.href);
    transport.add({
      type,
      messageId: newId(),
      timestamp: new Date(now).toISOString(),
      anonymousId: visitorId(),
      userId: local.get(USER),
      ...members,
      context: {
        page: {
          url: page.href,
          path: page.pathname,
          search: page.search,
          title: document.title,
          referrer,
        },
        click_id: recallClick(session.get(CLICK), now),
        interacted,
      },
    });
  }

  function leavePage(): void {
    for (const listener of leaveListeners) listener();
  }

  function flushOnLeave(): void {
    leavePage();
    transport.flush(true);
  }

  function watchPages(): void {
    let url = location.href;
    const viewIfNew = guard(() => {
      const next = location.href;
      if (!isNewPage(url, next)) return;
      leaving = url;
      leavePage();
      leaving = "";
      referrer = url;
      url = next;
      api.page();
    });
    // One turn later the page has set its title, and a chain of redirects has come to its end.
    const notice = (): void => void setTimeout(viewIfNew);
    for (const method of ["pushState", "replaceState"] as const) {
      const original = history[method];
      history[method] = function (this: History, ...args) {
        original.apply(this, args);
        notice();
      };
    }
    listen("popstate", notice);
    api.page();
  }

  function noticeHand(): void {
    interacted = 1;
  }

  const api: Api = {
    track: guard((event, properties) => call("track", { event, properties: plain(properties) })),
    identify: guard((userId, traits) => {
      if (userId !== null && typeof userId === "object") return api.identify(null, userId);
      if (userId) local.set(USER, `${userId}`);
      call("identify", { traits: plain(traits), userId: local.get(USER) });
    }),
    page: guard((name, properties) => {
      if (typeof name === "object") return api.page(undefined, name);
      call("page", { name, properties: plain(properties) });
    }),
    reset: guard(() => {
      local.set(VISITOR, null);
      local.set(USER, null);
      session.set(CLICK, null);
    }),
    push: guard((...calls) => {
      for (const [method, ...args] of calls) {
        const run: unknown = Reflect.get(api, `${method}`);
        if (typeof run === "function") Reflect.apply(run, api, args);
      }
    }),
  };

  for (const type of ["pointerdown", "keydown", "touchstart", "wheel", "scroll"] as const) {
    listen(type, noticeHand, true);
  }
  listen("pagehide", flushOnLeave);
  listen("visibilitychange", () => document.visibilityState === "hidden" && flushOnLeave());
  return {
    api,
    onLeavePage: (listener) => void leaveListeners.push(listener),
    watchPages,
  };
}

/** A copy of what JSON can carry, made now: the page may change or reuse its object. */
function plain(properties: Properties | undefined): Properties | undefined {
  return properties && JSON.parse(JSON.stringify(properties));
}
