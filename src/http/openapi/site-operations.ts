import { z } from "zod";
import { newSiteSchema, siteChangesSchema } from "../../site/routes.ts";
import { COLLECTS } from "../../site/store.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const siteSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    hosts: z.array(z.string()),
    created_at: timeSchema,
    collects: z.enum(COLLECTS).meta({ description: "What the script sends." }),
    live_version: z
      .int()
      .nullable()
      .meta({ description: "The published version of its triggers." }),
  })
  .meta({ id: "Site" });

/** The sites that events come from. */
export const SITE_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/sites",
    summary: "List sites",
    tag: "Collection",
    scope: "read",
    answer: z.object({ sites: z.array(siteSchema) }),
  },
  {
    method: "post",
    path: "/v1/sites",
    summary: "Register a site; the answer alone shows its key",
    tag: "Collection",
    scope: "admin",
    body: newSiteSchema,
    example: { name: "Shop", hosts: ["shop.example.com"] },
    status: 201,
    answer: siteSchema.extend({ write_key: z.string() }).meta({ id: "CreatedSite" }),
  },
  {
    method: "patch",
    path: "/v1/sites/{id}",
    summary: "Change a site's name, hosts or what its script sends",
    tag: "Collection",
    scope: "admin",
    body: siteChangesSchema,
    example: { hosts: ["shop.example.com", "*.example.com"] },
    answer: siteSchema,
  },
];
