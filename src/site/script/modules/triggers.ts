import type {
  CompiledType,
  CompiledCondition as Condition,
  CompiledTrigger as Trigger,
} from "../compiled.ts";
import type { Core, Signal } from "../core.ts";
import { readVariable } from "./variables.ts";

/** How often the page is looked at for elements that have come into view. */
const LOOK_MS = 500;
/** Longer texts are cut: a pattern is tried on what a person could see. */
const MAX_TEXT = 2000;

/** Sends the events of a site's published triggers. */
export function start(core: Core, triggers: readonly Trigger[]): void {
  let pages = 0;
  let timers: number[] = [];
  let seen = new Set<Trigger>();

  function evaluate(trigger: Trigger, signal: Signal): void {
    const [, option, conditions, event, parameters] = trigger;
    const read = (variable: string): unknown => readVariable(variable, signal);
    const fails = ([variable, test, negated]: Condition): boolean => {
      const value = read(variable) ?? "";
      const isMet =
        typeof test === "number"
          ? Number(value) > test
          : new RegExp(test, "is").test(`${value}`.slice(0, MAX_TEXT));
      return isMet === !!negated;
    };
    const isTarget = Number(option) >= 0 || signal[2]?.closest(`${option}`);
    const failed = isTarget ? conditions.findIndex(fails) : -2;
    core.report?.(triggers.indexOf(trigger), failed, read(conditions[failed]?.[0] ?? ""));
    if (failed !== -1) return;
    const properties = parameters.map(([name, value, type]) => [
      name,
      type ? convert(read(`${value}`), type) : value,
    ]);
    core.api.track(event, Object.fromEntries(properties));
  }

  function handle(signal: Signal): void {
    const [kind] = signal;
    if (kind === "page_view") startPage();
    for (const trigger of triggers) {
      if (trigger[0] === kind) attempt(trigger, () => evaluate(trigger, signal));
    }
    // A page view without a load.
    if (kind === "page_view" && pages > 1) handle(["history_change", {}]);
  }

  /** One trigger's mistake, such as a selector that is none, must not stop the others. */
  function attempt(trigger: Trigger, action: () => void): void {
    try {
      action();
    } catch (error) {
      core.report?.(triggers.indexOf(trigger), error);
    }
  }

  function startPage(): void {
    pages += 1;
    timers.forEach(clearTimeout);
    seen = new Set();
    timers = triggers
      .filter(([on]) => on === "timer")
      .map((trigger) =>
        window.setTimeout(attempt, +trigger[1] * 1e3, trigger, () =>
          evaluate(trigger, ["timer", {}]),
        ),
      );
  }

  function look(): void {
    for (const trigger of triggers) {
      if (trigger[0] !== "visible" || seen.has(trigger)) continue;
      attempt(trigger, () => {
        const element = [...document.querySelectorAll(`${trigger[1]}`)].find(isInView);
        if (!element) return;
        seen.add(trigger);
        evaluate(trigger, ["visible", {}, element]);
      });
    }
  }

  setInterval(look, LOOK_MS);
  core.listen(["error"], ({ message, filename, lineno }) =>
    handle(["js_error", { error_message: message, error_source: filename, error_line: lineno }]),
  );
  core.signals.forEach(handle);
  core.notice = (...signal: Signal) => handle(signal);
}

/** Half of it, or as much as the window holds. */
function isInView(element: Element): boolean {
  const { top, bottom, height, width } = element.getBoundingClientRect();
  const shown = Math.min(bottom, innerHeight) - Math.max(top, 0);
  return width > 0 && shown > 0 && shown >= Math.min(height, innerHeight) / 2;
}

function convert(value: unknown, type: CompiledType): unknown {
  if (value === undefined || value === null || type === "i") return value;
  if (type === "n") return Number(value);
  return type === "b" ? /^(true|yes|1)$/i.test(`${value}`) : `${value}`;
}
