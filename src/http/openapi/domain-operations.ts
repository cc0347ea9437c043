import { z } from "zod";
import { domainChangesSchema, newDomainSchema } from "../../tracking/routes-domains.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const domainSchema = z
  .object({
    host: z.string(),
    status: z.enum(["pending", "verified", "failing"]),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    default: z.boolean(),
    created_at: timeSchema,
    checked_at: timeSchema.nullable(),
    verified_at: timeSchema.nullable(),
  })
  .meta({ id: "Domain" });

/** Tracking domains, and the files of apps on them. */
export const DOMAIN_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/domains",
    summary: "List tracking domains, and where their DNS records should point",
    tag: "Domains",
    scope: "read",
    answer: z.object({ domains: z.array(domainSchema), target: z.string() }),
  },
  {
    method: "post",
    path: "/v1/domains",
    summary: "Add a tracking domain and check it",
    tag: "Domains",
    scope: "admin",
    body: newDomainSchema,
    example: { host: "click.example.com" },
    status: 201,
    answer: domainSchema,
  },
  {
    method: "post",
    path: "/v1/domains/{host}/check",
    summary: "Check a tracking domain again",
    tag: "Domains",
    scope: "admin",
    answer: domainSchema,
  },
  {
    method: "patch",
    path: "/v1/domains/{host}",
    summary: "Let new links stand on a tracking domain",
    tag: "Domains",
    scope: "admin",
    body: domainChangesSchema,
    example: { default: true },
    answer: domainSchema,
  },
  {
    method: "delete",
    path: "/v1/domains/{host}",
    summary: "Remove a tracking domain; links that stand on it go on working",
    tag: "Domains",
    scope: "admin",
    status: 204,
  },
  {
    method: "get",
    path: "/v1/domains/{host}/{file}",
    summary: "The host's apple-app-site-association or assetlinks.json",
    tag: "Domains",
    scope: "read",
    answer: z.unknown(),
  },
  {
    method: "put",
    path: "/v1/domains/{host}/{file}",
    summary: "Set the host's apple-app-site-association or assetlinks.json",
    tag: "Domains",
    scope: "admin",
    body: z.unknown(),
    example: { applinks: { details: [] } },
    status: 204,
  },
  {
    method: "delete",
    path: "/v1/domains/{host}/{file}",
    summary: "Delete the host's apple-app-site-association or assetlinks.json",
    tag: "Domains",
    scope: "admin",
    status: 204,
  },
];
