import { z } from "zod";
import { newPreviewSchema, newVersionSchema } from "../../site/routes-triggers.ts";
import { triggerChangesSchema, triggerSchema } from "../../site/triggers/schema.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const TRIGGERS = "/v1/sites/{id}/triggers";
const VERSIONS = "/v1/sites/{id}/versions";

const part = z.record(z.string(), z.unknown());

/** A trigger as it is kept: the parts are those of the body that made it. */
const triggerAnswerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    on: part,
    conditions: z.array(part),
    event: z.string(),
    parameters: z.array(part),
  })
  .meta({ id: "Trigger" });

const triggerVersionSchema = z
  .object({
    version: z.int(),
    note: z.string(),
    restores: z.int().nullable().meta({ description: "The version it brought back." }),
    published_at: timeSchema,
    published_by: z.string(),
    triggers: z.array(triggerAnswerSchema),
  })
  .meta({ id: "TriggerVersion" });

/** Triggers of a site, their versions and their preview. */
export const TRIGGER_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: TRIGGERS,
    summary: "The draft of a site's triggers, and what of it is published",
    tag: "Collection",
    scope: "read",
    answer: z.object({
      triggers: z.array(triggerAnswerSchema),
      published: triggerVersionSchema.nullable(),
      changed: z.boolean(),
    }),
  },
  {
    method: "post",
    path: TRIGGERS,
    summary: "Add a trigger to the draft",
    tag: "Collection",
    scope: "admin",
    body: triggerSchema,
    example: {
      name: "Demo asked for",
      on: { type: "click", selector: "#demo" },
      conditions: [{ variable: "page_path", operator: "starts_with", value: "/pricing" }],
      event: "generate_lead",
      parameters: [
        { name: "value", type: "number", value: 50 },
        { name: "currency", value: "EUR" },
      ],
    },
    status: 201,
    answer: triggerAnswerSchema,
  },
  {
    method: "get",
    path: `${TRIGGERS}/{trigger}`,
    summary: "One trigger of the draft",
    tag: "Collection",
    scope: "read",
    answer: triggerAnswerSchema,
  },
  {
    method: "patch",
    path: `${TRIGGERS}/{trigger}`,
    summary: "Change a trigger of the draft",
    tag: "Collection",
    scope: "admin",
    body: triggerChangesSchema,
    example: { enabled: false },
    answer: triggerAnswerSchema,
  },
  {
    method: "delete",
    path: `${TRIGGERS}/{trigger}`,
    summary: "Delete a trigger of the draft",
    tag: "Collection",
    scope: "admin",
    status: 204,
  },
  {
    method: "get",
    path: VERSIONS,
    summary: "Published versions, newest first",
    tag: "Collection",
    scope: "read",
    answer: z.object({ versions: z.array(triggerVersionSchema) }),
  },
  {
    method: "post",
    path: VERSIONS,
    summary: "Publish the draft",
    tag: "Collection",
    scope: "admin",
    body: newVersionSchema,
    example: { note: "Leads from the pricing page" },
    status: 201,
    answer: triggerVersionSchema,
  },
  {
    method: "post",
    path: `${VERSIONS}/{version}/restore`,
    summary: "Roll back: publish an earlier version again, as a new one",
    tag: "Collection",
    scope: "admin",
    status: 201,
    answer: triggerVersionSchema,
  },
  {
    method: "post",
    path: "/v1/sites/{id}/preview",
    summary: "A link that shows what the draft does on a page of the site",
    tag: "Collection",
    scope: "admin",
    body: newPreviewSchema,
    example: { url: "https://shop.example.com/prices" },
    status: 201,
    answer: z.object({ url: z.string(), expires_at: z.iso.datetime() }),
  },
];
