import type {
  CompiledCondition,
  CompiledParameter,
  CompiledTrigger,
  CompiledType,
} from "../script/compiled.ts";
import type { Trigger, TriggerDefinition } from "./schema.ts";
import { type Comparison, readOperator, type TriggerType } from "./vocabulary.ts";

/** What the script calls that which a trigger listens to. */
const SIGNALS: Record<Exclude<TriggerType, "video">, string> = {
  page_view: "page_view",
  click: "element_click",
  form_submit: "form_submit",
  scroll: "scroll",
  element_visible: "visible",
  timer: "timer",
  history_change: "history_change",
  data_layer_event: "data_layer",
  file_download: "file_download",
  js_error: "js_error",
};

const TYPES: Record<string, CompiledType> = { text: "t", number: "n", boolean: "b", items: "i" };

/** The triggers that are switched on, as the script takes them. */
export function compileTriggers(triggers: readonly Trigger[]): CompiledTrigger[] {
  return triggers.filter(({ enabled }) => enabled).map(compileTrigger);
}

function compileTrigger({ on, conditions, event, parameters }: TriggerDefinition): CompiledTrigger {
  return [
    signalOf(on),
    optionOf(on),
    [...implied(on), ...conditions.map(compileCondition)],
    event,
    parameters.map(compileParameter),
  ];
}

type On = TriggerDefinition["on"];

function signalOf(on: On): string {
  if (on.type !== "video") return SIGNALS[on.type];
  return /^\d/.test(on.progress) ? "video_progress" : `video_${on.progress}`;
}

function optionOf(on: On): string | number {
  if (on.type === "timer") return on.seconds;
  return "selector" in on && on.selector ? on.selector : 0;
}

/** How many conditions a trigger's own choice adds in front of those that were written. */
export function implied(on: On): CompiledCondition[] {
  const same = (variable: string, text: string): CompiledCondition[] => [
    [variable, toPattern("equals", text), 0],
  ];
  if (on.type === "scroll") return same("percent_scrolled", String(on.percent));
  if (on.type === "data_layer_event") return same("event", on.name);
  return on.type === "video" && /^\d/.test(on.progress) ? same("video_percent", on.progress) : [];
}

function compileCondition({
  variable,
  operator,
  value = "",
}: TriggerDefinition["conditions"][number]): CompiledCondition {
  const { comparison, isNegated } = readOperator(operator);
  const test = comparison === "greater_than" ? Number(value) : toPattern(comparison, String(value));
  return [variable, test, isNegated ? 1 : 0];
}

/**
 * The comparison as a regular expression, for the flags `i` and `s`. It takes linear time in any text,
 * whatever the value is: nothing but literal text and, for each `*`, a look ahead that never gives
 * back what it took.
 */
export function toPattern(comparison: Exclude<Comparison, "greater_than">, value: string): string {
  const text = escapeRegExp(value);
  if (comparison === "equals") return `^${text}$`;
  if (comparison === "starts_with") return `^${text}`;
  if (comparison === "ends_with") return `${text}$`;
  if (comparison === "present") return ".";
  return comparison === "contains" ? text : globPattern(value);
}

/** `*` stands for any text, `|` stands between alternatives; the whole text must fit. */
function globPattern(glob: string): string {
  let group = 0;
  const alternatives = glob.split("|").map((alternative) => {
    const [first = "", ...rest] = alternative.trim().split(/\*+/).map(escapeRegExp);
    const last = rest.pop();
    if (last === undefined) return first;
    // The earliest place of each middle piece is as good as any: once found, it is never tried again.
    const middle = rest.map((piece) => {
      group += 1;
      return `(?=(.*?${piece}))\\${group}`;
    });
    return `${first}${middle.join("")}.*${last}`;
  });
  return `^(?:${alternatives.join("|")})$`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function compileParameter({
  name,
  type,
  variable,
  value = "",
}: TriggerDefinition["parameters"][number]): CompiledParameter {
  if (variable !== undefined) return [name, variable, TYPES[type] ?? "t"];
  if (type === "number") return [name, Number(value)];
  return [name, type === "boolean" ? String(value) === "true" : String(value)];
}
