import type { CompiledPath, CompiledType } from "../compiled.ts";
import type { Signal } from "../core.ts";

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
    for (const entry of window.dataLayer ?? []) newest = walk(entry, steps) ?? newest;
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
  return walk(root in known ? known[root] : found, steps);
}

function walk(from: unknown, steps: readonly string[]): unknown {
  return steps.reduce((value, step) => {
    const text = `${value ?? ""}`;
    if (!step) return new URL(text, location.href).href;
    return step.startsWith(" ")
      ? new RegExp(step.slice(1), "is").exec(text)?.[1]
      : Object(value)[step];
  }, from);
}

/** The text of several values, as a condition is tried on it. */
export function readText(paths: readonly CompiledPath[], signal: Signal): string {
  const values = paths.map((path) => readValue(path, signal));
  return values.join(" ").trim().slice(0, MAX_TEXT);
}

/** A value as an event carries it; undefined where there is none. */
export function convert(value: unknown, type: CompiledType): unknown {
  if (value === undefined || value === null) return undefined;
  const text = `${value}`.trim();
  const types: Partial<Record<CompiledType, unknown>> = {
    n: Number(text),
    b: !/^(false|no|0)?$/i.test(text),
    l: text.toLowerCase(),
    i: value,
  };
  return types[type] ?? text;
}
