import type { CompiledPath } from "../compiled.ts";
import type { Signal } from "../core.ts";
import { walk } from "./walk.ts";

/** Longer texts are cut: a pattern is tried on what a person could see. */
const MAX_TEXT = 2000;

/**
 * What has happened once on this page: when, by what it happened to (a form was begun, the page viewed); and to what, by
 * trigger.
 */
export const past = new Map<unknown, number | readonly unknown[]>();

/** What a signal happened to: an element, or an embedded player that answers as a video does. */
type Target = HTMLInputElement & HTMLVideoElement & { readonly provider?: string };

/** Reads the value that a path leads to. */
export function readValue([root, ...steps]: CompiledPath, event: Signal): unknown {
  const target = event.target as Target | undefined;
  const { currentTime, duration, form, provider = "html5" } = Object(target) as Target;
  if (root === "layer") {
    let newest: unknown;
    for (const entry of window.dataLayer ?? [])
      newest = walk(entry, steps, location.href) ?? newest;
    return newest;
  }
  const known: Record<string, unknown> = {
    location,
    document,
    event,
    provider,
    query: Object.fromEntries(new URLSearchParams(location.search)),
    scroll: ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100,
    percent: (currentTime / duration) * 100,
    position: form && [...form.elements].indexOf(target as Target) + 1,
    since: performance.now() - Number(past.get(target ?? document)),
  };
  const found = root.startsWith("[")
    ? target?.querySelector(root)
    : (target?.closest?.(root) ?? target);
  return walk(root in known ? known[root] : found, steps, location.href);
}

/** The text of several values, as a condition is tried on it. */
export function readText(paths: readonly CompiledPath[], signal: Signal): string {
  const values = paths.map((path) => readValue(path, signal));
  return values.join(" ").trim().slice(0, MAX_TEXT);
}
