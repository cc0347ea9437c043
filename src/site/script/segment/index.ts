import { listen } from "../guard.ts";
import { enqueue, flush } from "../transport.ts";
import { createDeliver, type Middleware } from "./deliver.ts";
import { createListeners } from "./listeners.ts";
import { giveCall, loadOwnScript, takesCalls } from "./own-script.ts";
import { readCall } from "./read-call.ts";
import { globalName } from "./tag.ts";
import { adoptVisitor, forgetVisitor, setVisitorId, userId, visitorId } from "./visitor.ts";

/**
 * What Segment's snippet loads from `/analytics.js/v1/KEY/analytics.min.js`: the calls that wait in its array
 * and those to come are sent, by our own script where it has a word for them. Without a call nothing is.
 */
const CALLS = ["track", "page", "pageview", "screen", "identify", "group", "alias"];

/** The snippet's array, which becomes the library: a page may have kept it in a variable of its own. */
type Analytics = unknown[] & Record<string, unknown>;
type Methods = Record<string, (...args: never[]) => unknown>;

function start(): void {
  const analytics: Analytics = Reflect.get(window, globalName) ?? [];
  if (analytics["initialized"]) return;
  Reflect.set(window, globalName, analytics);
  adoptVisitor();
  loadOwnScript();
  install(analytics, createMethods(analytics));
  // What an earlier page has left, and what this one leaves.
  flush();
  listen(["pagehide", "visibilitychange"], ({ type }) => {
    if (document.hidden || type === "pagehide") flush(true);
  });
}

function createMethods(analytics: Analytics): Methods {
  const listeners = createListeners();
  const middlewares: Middleware[] = [];
  const deliver = createDeliver({ takesCalls, giveCall, enqueue, middlewares });

  function call(method: string, given: readonly unknown[]): Promise<void> {
    const read = readCall(method, given);
    if (read) {
      const { type, members, options, callback } = read;
      deliver(read);
      const { event, userId, groupId, name, properties, traits } = members;
      listeners.emit(type, event ?? userId ?? groupId ?? name, properties ?? traits, options);
      if (callback) setTimeout(callback);
    }
    return Promise.resolve();
  }

  /** The call is kept at once, so nothing need hold up the link or the form. */
  const watch = (type: string) => (target: unknown, event: unknown, properties: unknown) => {
    const of = (value: unknown, element: Element): unknown =>
      typeof value === "function" ? value(element) : value;
    for (const element of target instanceof Element
      ? [target]
      : Array.from<Element>(Object(target)))
      element.addEventListener(
        type,
        () => void call("track", [of(event, element), of(properties, element)]),
      );
  };

  const chained =
    (act: (...args: never[]) => void) =>
    (...args: never[]) => {
      act(...args);
      return analytics;
    };
  return {
    ...Object.fromEntries(CALLS.map((name) => [name, (...args: unknown[]) => call(name, args)])),
    on: chained(listeners.on),
    once: chained(listeners.once),
    off: chained(listeners.off),
    ready: chained((callback?: () => void) => void (callback && setTimeout(callback))),
    reset: chained(() => {
      forgetVisitor();
      if (takesCalls()) giveCall("reset");
    }),
    setAnonymousId: chained(setVisitorId),
    user: () => ({
      id: userId,
      anonymousId: (id?: string) => (id === undefined ? visitorId() : setVisitorId(id)),
    }),
    trackLink: chained(watch("click")),
    trackClick: chained(watch("click")),
    trackForm: chained(watch("submit")),
    trackSubmit: chained(watch("submit")),
    addSourceMiddleware: chained((middleware: Middleware) => void middlewares.push(middleware)),
    initialize: chained(() => {}),
    load: chained(() => {}),
  };
}

/** Puts the methods into the array, then makes the calls that wait in it. */
function install(analytics: Analytics, methods: Methods): void {
  const perform = (method: unknown, args: readonly unknown[]): unknown => {
    const known = methods[`${method}`];
    try {
      // What we have nothing for, like a destination's middleware, does nothing.
      return known ? Reflect.apply(known, analytics, args) : analytics;
    } catch {
      return analytics; // The page matters more than the event.
    }
  };
  const queue = analytics.splice(0);
  const stubs = Array.isArray(analytics["methods"]) ? analytics["methods"] : [];
  for (const name of [...stubs, ...Object.keys(methods)])
    analytics[name] = (...args: unknown[]) => perform(name, args);
  analytics["push"] = (...calls: unknown[][]) => {
    for (const [method, ...args] of calls) perform(method, args);
    return 0;
  };
  analytics["initialized"] = true;
  for (const entry of queue) if (Array.isArray(entry)) perform(entry[0], entry.slice(1));
  if (Object(analytics["_loadOptions"]).initialPageview) perform("page", []);
}

try {
  start();
} catch {
  // The page matters more than the event.
}
