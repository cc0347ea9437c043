import { z } from "zod";
import { toEventName } from "../../log/event-name.ts";
import { findSelectorProblem } from "./selector.ts";
import {
  findVariableProblem,
  OPERATORS,
  type Operator,
  PARAMETER_TYPES,
  SCROLL_STEPS,
  TRIGGER_TYPES,
  VIDEO_STEPS,
} from "./vocabulary.ts";

const LONGEST_TIMER_S = 3600;
/** GA4's limits: 40 characters a name, 25 parameters an event. */
const MAX_PARAMETERS = 25;
const MAX_CONDITIONS = 20;
const MAX_TEXT = 500;

const selectorSchema = z
  .string()
  .trim()
  .max(MAX_TEXT)
  .superRefine((selector, context) => {
    const problem = findSelectorProblem(selector);
    if (problem) context.addIssue({ code: "custom", message: problem });
  })
  .meta({ description: "CSS: the element itself, or one around it." });

const type = <T extends (typeof TRIGGER_TYPES)[number]>(name: T) => z.literal(name);

const onSchema = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: type("page_view") }),
    z.strictObject({ type: type("click"), selector: selectorSchema.optional() }),
    z.strictObject({ type: type("form_submit"), selector: selectorSchema.optional() }),
    z.strictObject({ type: type("scroll"), percent: z.literal(SCROLL_STEPS) }),
    z.strictObject({ type: type("element_visible"), selector: selectorSchema }),
    z.strictObject({
      type: type("timer"),
      seconds: z.int().min(1).max(LONGEST_TIMER_S, "At most an hour: 3600 seconds."),
    }),
    z.strictObject({ type: type("history_change") }),
    z.strictObject({
      type: type("data_layer_event"),
      name: z.string().trim().min(1, "Name the event, as add_to_cart.").max(128),
    }),
    z.strictObject({ type: type("file_download") }),
    z.strictObject({ type: type("video"), progress: z.enum(VIDEO_STEPS) }),
    z.strictObject({ type: type("js_error") }),
  ],
  { error: `Expected one of ${TRIGGER_TYPES.join(", ")}.` },
);

const valueSchema = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()]);

const operatorSchema = z.enum(OPERATORS as [Operator, ...Operator[]], {
  error: `Expected one of ${OPERATORS.join(", ")}.`,
});

const conditionSchema = z
  .strictObject({
    variable: z.string(),
    operator: operatorSchema,
    value: z.union([z.string().max(MAX_TEXT), z.number()]).optional(),
  })
  .superRefine(({ operator, value = "" }, context) => {
    const problem = findValueProblem(operator, value);
    if (problem) context.addIssue({ code: "custom", path: ["value"], message: problem });
  });

function findValueProblem(operator: Operator, value: string | number): string | undefined {
  if (operator.endsWith("present")) {
    return value === "" ? undefined : "A variable is present or not: leave the value out.";
  }
  if (value === "") return "Give the value to compare with.";
  const isNumber = Number.isFinite(Number(value));
  return operator.endsWith("greater_than") && !isNumber ? "Expected a number." : undefined;
}

const parameterSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z][a-z0-9_]{0,39}$/i,
        "Expected letters, digits and _, at most 40, a letter first.",
      ),
    type: z.enum(PARAMETER_TYPES).default("text"),
    variable: z.string().optional().meta({ description: "Or else a `value`." }),
    value: valueSchema.optional(),
  })
  .superRefine(({ type: sentAs, variable, value }, context) => {
    const problem = findConstantProblem(sentAs, variable, value);
    if (problem) context.addIssue({ code: "custom", path: ["value"], message: problem });
  });

function findConstantProblem(
  sentAs: (typeof PARAMETER_TYPES)[number],
  variable: string | undefined,
  value: string | number | boolean | undefined,
): string | undefined {
  if ((variable === undefined) === (value === undefined || value === "")) {
    return "Give either a variable or a value.";
  }
  if (value === undefined) return undefined;
  if (sentAs === "items") return "Items come from a variable of the data layer.";
  if (sentAs === "number" && !Number.isFinite(Number(value))) return "Expected a number.";
  return sentAs === "boolean" && !/^(true|false)$/.test(String(value))
    ? "Expected true or false."
    : undefined;
}

const shape = z.strictObject({
  name: z.string().trim().min(1, "Give the trigger a name.").max(100),
  enabled: z.boolean().default(true),
  on: onSchema,
  conditions: z.array(conditionSchema).max(MAX_CONDITIONS).default([]),
  event: z
    .string()
    .trim()
    .min(1, "Name the event that it sends.")
    .max(128)
    .transform(toEventName)
    .meta({ description: "A standard event, or one of your own." }),
  parameters: z.array(parameterSchema).max(MAX_PARAMETERS).default([]),
});

/** A change of a trigger: what is not given stays. */
export const triggerChangesSchema = shape.partial();

/** A trigger as the API takes it: what it listens to, under which conditions, and what it sends. */
export const triggerSchema = shape.superRefine(({ on, conditions, parameters }, context) => {
  const check = (variable: string | undefined, list: string, index: number): void => {
    const problem = variable === undefined ? undefined : findVariableProblem(variable, on.type);
    if (!problem) return;
    context.addIssue({ code: "custom", path: [list, index, "variable"], message: problem });
  };
  conditions.forEach(({ variable }, index) => {
    check(variable, "conditions", index);
  });
  parameters.forEach(({ variable }, index) => {
    check(variable, "parameters", index);
  });
});

/** What a trigger is made of, checked. */
export type TriggerDefinition = z.output<typeof triggerSchema>;

/** A trigger of a site's draft or of a version. */
export type Trigger = TriggerDefinition & { readonly id: string };
