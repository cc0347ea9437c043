import type { CompiledType } from "../compiled.ts";

/** Follows the steps of a path, as `CompiledPath` describes them. */
export function walk(from: unknown, steps: readonly string[], base: string): unknown {
  return steps.reduce((value, step) => {
    const text = `${value ?? ""}`;
    if (!step) return new URL(text, base).href;
    return step.startsWith(" ")
      ? new RegExp(step.slice(1), "is").exec(text)?.[1]
      : Object(value)[step];
  }, from);
}

/** A value as an event carries it; undefined where there is none. */
export const convert = (value: unknown, type: CompiledType): unknown => {
  if (value === undefined || value === null) return undefined;
  const text = `${value}`.trim();
  const types: Partial<Record<CompiledType, unknown>> = {
    n: Number(text),
    b: !/^(false|no|0)?$/i.test(text),
    l: text.toLowerCase(),
    i: value,
  };
  return types[type] ?? text;
};
