import { z } from "zod";
import {
  campaignChangesSchema,
  campaignsQuerySchema,
  linkChangesSchema,
} from "../../email/routes-campaigns.ts";
import type { Operation } from "./operation.ts";
import { nextSchema, timeSchema } from "./schemas.ts";

const settings = {
  stopped: z.boolean(),
  expires_at: timeSchema.nullable(),
  fallback: z.string().nullable(),
};

const campaignSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    first_at: timeSchema,
    last_at: timeSchema,
    ...settings,
    cost: z.object({ value_minor: z.int(), currency: z.string() }).nullable(),
  })
  .meta({ id: "Campaign" });

const destination = z.string().meta({ description: "Where it leads now." });

const campaignLinkSchema = z
  .object({
    index: z.int(),
    name: z.string().nullable(),
    text: z.string(),
    url: z.string().meta({ description: "Where its mail says." }),
    destination,
    ...settings,
    version: z.int(),
  })
  .meta({ id: "CampaignLink" });

const version = z.object({
  version: z.int(),
  at: timeSchema,
  actor: z.object({ kind: z.string(), id: z.string() }),
  destination,
  ...settings,
});

const campaignLinkVersionSchema = campaignLinkSchema
  .extend({ versions: z.array(version) })
  .meta({ id: "CampaignLinkWithVersions" });

/** Campaigns and their links after the send. */
export const CAMPAIGN_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/campaigns",
    summary: "List campaigns, last sent first",
    tag: "Campaigns",
    scope: "read",
    query: campaignsQuerySchema,
    answer: z.object({ campaigns: z.array(campaignSchema), next: nextSchema }),
  },
  {
    method: "get",
    path: "/v1/campaigns/{id}",
    summary: "One campaign, by its id or name",
    tag: "Campaigns",
    scope: "read",
    answer: campaignSchema,
  },
  {
    method: "patch",
    path: "/v1/campaigns/{id}",
    summary: "Stop a campaign's links, let them expire, or say what it cost; null undoes",
    tag: "Campaigns",
    scope: "admin",
    body: campaignChangesSchema,
    example: { stopped: true, fallback: "https://example.com/over" },
    answer: campaignSchema,
  },
  {
    method: "get",
    path: "/v1/campaigns/{id}/links",
    summary: "The links of a campaign, and where they lead now",
    tag: "Campaigns",
    scope: "read",
    answer: z.object({ links: z.array(campaignLinkSchema) }),
  },
  {
    method: "get",
    path: "/v1/campaigns/{id}/links/{link}",
    summary: "One link by its index, with every version of it",
    tag: "Campaigns",
    scope: "read",
    answer: campaignLinkVersionSchema,
  },
  {
    method: "patch",
    path: "/v1/campaigns/{id}/links/{link}",
    summary: "Edit, stop or expire a link whose mail was sent; null undoes",
    tag: "Campaigns",
    scope: "admin",
    body: linkChangesSchema,
    example: { destination: "https://example.com/new" },
    answer: campaignLinkVersionSchema,
  },
];
