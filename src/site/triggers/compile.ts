import type {
  CompiledCondition,
  CompiledParameter,
  CompiledTrigger,
  CompiledType,
} from "../script/compiled.ts";
import { occasionOf } from "./occasions.ts";
import { pathOf, typeOf } from "./paths.ts";
import { toPattern } from "./patterns.ts";
import type { Trigger, TriggerDefinition } from "./schema.ts";
import { readOperator } from "./vocabulary.ts";

const TYPES: Record<string, CompiledType> = { number: "n", boolean: "b", items: "i" };

/** The triggers that are switched on, as the script takes them. */
export function compileTriggers(triggers: readonly Trigger[]): CompiledTrigger[] {
  return triggers.filter(({ enabled }) => enabled).map(compileTrigger);
}

function compileTrigger(
  { on: type, conditions, event, parameters }: TriggerDefinition,
  index: number,
): CompiledTrigger {
  const { on, when, once } = occasionOf(type);
  return [
    on,
    when,
    once,
    ("selector" in type && type.selector) || 0,
    conditions.map(compileCondition),
    event,
    parameters.map((parameter) => compileParameter(parameter, type)),
    index,
  ];
}

function compileCondition({
  variable,
  operator,
  value = "",
}: TriggerDefinition["conditions"][number]): CompiledCondition {
  const { comparison, isNegated } = readOperator(operator);
  const test = comparison === "greater_than" ? Number(value) : toPattern(comparison, String(value));
  return [test, isNegated ? 1 : 0, pathOf(variable)];
}

function compileParameter(
  { name, type, variable, value = "" }: TriggerDefinition["parameters"][number],
  on: TriggerDefinition["on"],
): CompiledParameter {
  // The step that was asked for, not how far it went beyond.
  if (variable === "percent_scrolled" && on.type === "scroll") return [name, on.percent];
  if (variable === "video_percent" && on.type === "video") return [name, percentOf(on.progress)];
  if (variable !== undefined) return [name, pathOf(variable), TYPES[type] ?? textType(variable)];
  if (type === "number") return [name, Number(value)];
  return [name, type === "boolean" ? String(value) === "true" : String(value)];
}

/** How far a video has been played at one of its steps. */
export function percentOf(progress: string): number {
  if (progress === "complete") return 100;
  return progress === "start" ? 0 : Number(progress);
}

function textType(variable: string): CompiledType {
  return typeOf(variable) === "l" ? "l" : "t";
}
