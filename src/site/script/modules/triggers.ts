import type { CompiledCondition as Condition, CompiledTrigger as Trigger } from "../compiled.ts";
import type { Core, Signal } from "../core.ts";
import { lookUntil } from "./look.ts";
import { past, readText, readValue } from "./values.ts";
import { convert } from "./walk.ts";

/** Sends the events of triggers. */
export function watchTriggers(core: Core, triggers: readonly Trigger[]): void {
  core.notice = (signal) => {
    const { type } = signal;
    if (type === "page_view") {
      past.clear();
      past.set(document, performance.now());
    }
    for (const trigger of triggers) {
      if (!trigger[0].includes(type)) continue;
      try {
        find(trigger, signal);
      } catch (error) {
        // One trigger's mistake, such as a selector that is none, must not stop the others.
        core.report?.(trigger, error);
      }
    }
  };

  /** Nobody announces that an element comes into view: it is looked for. */
  function find(trigger: Trigger, signal: Signal): void {
    const [, , , selector] = trigger;
    if (selector && signal.type === "look") {
      for (const target of document.querySelectorAll(selector)) {
        if (isInView(target)) happen(trigger, { ...signal, target });
      }
    } else happen(trigger, signal);
  }

  function happen(trigger: Trigger, signal: Signal): void {
    const [, when, once, selector, conditions, event, parameters] = trigger;
    const isBroken = ([test, negated, ...paths]: Condition): boolean => {
      const text = readText(paths, signal);
      const isSo =
        typeof test === "number" ? Number(text) > test : new RegExp(test, "is").test(text);
      return isSo === !!negated;
    };
    if (when.some(isBroken)) return;
    if (once) {
      const key = readValue(once, signal);
      const keys = (past.get(trigger) ?? []) as unknown[];
      if (keys.includes(key)) return;
      past.set(trigger, [...keys, key]);
      past.set(key, performance.now());
    }
    const isTarget = !selector || (signal.target as Element).closest(selector);
    const failed = isTarget ? conditions.findIndex(isBroken) : -2;
    core.report?.(trigger, failed, conditions[failed], signal);
    if (failed !== -1) return;
    const properties = parameters.map(([name, value, type]) => [
      name,
      type ? convert(readValue(value, signal), type) : value,
    ]);
    core.api.track(event, Object.fromEntries(properties));
  }

  core.signals.splice(0).forEach(core.notice);
  core.listen(["timeupdate", "ended"], core.notice);
  lookUntil(() => core.notice({ type: "look" }));
}

/** Half of it, or as much as half of the window. */
function isInView(element: Element): unknown {
  const { top, bottom, height, width } = element.getBoundingClientRect();
  const half = Math.min(height, innerHeight) / 2;
  return width && height && bottom >= half && top + half <= innerHeight;
}
