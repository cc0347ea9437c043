import { z } from "zod";
import { conversionSchema } from "../../collect/routes-conversions.ts";
import { plannedEventSchema } from "../../collect/routes-plan.ts";
import type { Operation } from "./operation.ts";

const PLAN = "/v1/tracking-plan";
const CONVERSIONS = "/v1/conversions";
const tag = "Collection";
const declaredSchema = plannedEventSchema.extend({ name: z.string(), conversion: z.boolean() });

/** Custom events that are declared, and events that are conversions. */
export const PLAN_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: PLAN,
    summary: "The custom events that the workspace has declared",
    tag,
    scope: "read",
    answer: z.object({ events: z.array(declaredSchema) }),
  },
  {
    method: "put",
    path: `${PLAN}/{name}`,
    summary: "Declare a custom event and its parameters: the quality checks go by it",
    tag,
    scope: "admin",
    body: plannedEventSchema,
    example: { parameters: [{ name: "seats", type: "number", required: true }], conversion: true },
    answer: declaredSchema,
  },
  {
    method: "delete",
    path: `${PLAN}/{name}`,
    summary: "Take a custom event out of the tracking plan",
    tag,
    scope: "admin",
    status: 204,
  },
  {
    method: "get",
    path: CONVERSIONS,
    summary: "The events that count as conversions",
    tag,
    scope: "read",
    answer: z.object({ conversions: z.array(conversionSchema) }),
  },
  {
    method: "put",
    path: `${CONVERSIONS}/{name}`,
    summary: "Mark an event, standard or custom, as a conversion",
    tag,
    scope: "admin",
    answer: z.object({ name: z.string(), conversion: z.literal(true) }),
  },
  {
    method: "delete",
    path: `${CONVERSIONS}/{name}`,
    summary: "Take the mark from an event, also from one that is a conversion by default",
    tag,
    scope: "admin",
    status: 204,
  },
];
