import { z } from "zod";
import { decisionSchema } from "../../contacts/routes.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const reviewedSchema = z.object({
  id: z.string(),
  user_id: z.string().nullable(),
  email: z.string().nullable(),
});

const suggestionSchema = z
  .object({ into: reviewedSchema, from: reviewedSchema, reasons: z.array(z.string()) })
  .meta({ id: "Suggestion", description: "Two contacts that may be one person." });

const namedSchema = z.object({ id: z.string(), name: z.string().nullable() });

const decidedSchema = z
  .object({
    decision: z.enum(["accept", "reject"]),
    into: namedSchema,
    from: namedSchema,
    at: timeSchema,
  })
  .meta({ id: "Decided", description: "A decision that stands until it is undone." });

/** Contacts that may be one person. */
export const SUGGESTION_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/suggestions",
    summary: "Contacts that may be one person, and what was decided about them",
    tag: "Contacts",
    scope: "read",
    answer: z.object({ suggestions: z.array(suggestionSchema), decided: z.array(decidedSchema) }),
  },
  {
    method: "post",
    path: "/v1/suggestions",
    summary: "Join two contacts, keep them apart, or undo that; no fact is changed",
    tag: "Contacts",
    scope: "admin",
    body: decisionSchema,
    example: { decision: "accept", into: "hT8rJ2kQ0aB", from: "x3Lw9PzM1cD" },
    status: 204,
  },
];
