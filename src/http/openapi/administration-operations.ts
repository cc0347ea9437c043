import { z } from "zod";
import { newKeySchema, newWorkspaceSchema } from "../../access/routes.ts";
import { settingsSchema } from "../../tracking/routes.ts";
import type { Operation } from "./operation.ts";
import { nextSchema, timeSchema } from "./schemas.ts";

const keySchema = z
  .object({
    id: z.string(),
    kind: z.enum(["secret", "site"]),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    site_id: z.string().nullable(),
    created_at: timeSchema,
    last_used_at: timeSchema.nullable(),
    expires_at: timeSchema.nullable(),
    revoked_at: timeSchema.nullable(),
  })
  .meta({ id: "Key" });

const auditEntrySchema = z
  .object({
    id: z.string(),
    at: timeSchema,
    actor: z.object({ kind: z.string(), id: z.string() }),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "AuditEntry" });

const pageSchema = { limit: z.int().min(1).max(200).default(50), cursor: z.string().optional() };

/** Keys, workspaces, settings and the audit log. */
export const ADMINISTRATION_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/keys",
    summary: "List keys",
    tag: "Administration",
    scope: "admin",
    answer: z.object({ keys: z.array(keySchema) }),
  },
  {
    method: "post",
    path: "/v1/keys",
    summary: "Create a key; the answer alone shows it",
    tag: "Administration",
    scope: "admin",
    body: newKeySchema,
    example: { name: "Newsletter server", scopes: ["rewrite"] },
    status: 201,
    answer: keySchema.extend({ key: z.string() }).meta({ id: "CreatedKey" }),
  },
  {
    method: "delete",
    path: "/v1/keys/{id}",
    summary: "Revoke a key",
    tag: "Administration",
    scope: "admin",
    status: 204,
  },
  {
    method: "post",
    path: "/v1/workspaces",
    summary: "Add a workspace (keys of the default workspace only)",
    tag: "Administration",
    scope: "admin",
    body: newWorkspaceSchema,
    example: { name: "Client" },
    status: 201,
    answer: z.object({ id: z.int(), api_key: z.string() }),
  },
  {
    method: "get",
    path: "/v1/settings",
    summary: "How the workspace counts opens",
    tag: "Administration",
    scope: "read",
    answer: settingsSchema,
  },
  {
    method: "patch",
    path: "/v1/settings",
    summary: "Count opens by contact, without naming anybody, or not at all",
    tag: "Administration",
    scope: "admin",
    body: settingsSchema,
    example: { opens: "aggregate" },
    answer: settingsSchema,
  },
  {
    method: "get",
    path: "/v1/audit",
    summary: "Who changed what, newest first",
    tag: "Administration",
    scope: "admin",
    query: z.object(pageSchema),
    answer: z.object({ entries: z.array(auditEntrySchema), next: nextSchema }),
  },
];
