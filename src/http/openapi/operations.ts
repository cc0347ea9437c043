import { z } from "zod";
import { newKeySchema, newWorkspaceSchema } from "../../access/routes.ts";
import { hookChangeSchema, hookSchema, receivedSchema } from "../../collect/hooks/routes.ts";
import { decisionSchema } from "../../contacts/routes.ts";
import { consentChangesSchema } from "../../contacts/routes-privacy.ts";
import {
  campaignChangesSchema,
  campaignsQuerySchema,
  linkChangesSchema,
} from "../../email/routes-campaigns.ts";
import { utmDefaultAnswerSchema, utmDefaultSchema } from "../../email/routes-utm.ts";
import {
  batchBodySchema,
  recipientsBodySchema,
  rewriteAnswerSchema,
  rewriteBodySchema,
} from "../../email/schemas.ts";
import type { Scope } from "../../lib/caller.ts";
import {
  contactsQuerySchema,
  journeyQuerySchema,
  trafficQuerySchema,
} from "../../reports/routes.ts";
import { qualityQuerySchema } from "../../reports/routes-quality.ts";
import { newSiteSchema, siteChangesSchema } from "../../site/routes.ts";
import { settingsSchema } from "../../tracking/routes.ts";
import { domainChangesSchema, newDomainSchema } from "../../tracking/routes-domains.ts";
import { FAILED_OPERATIONS } from "./failed-operations.ts";
import { PLAN_OPERATIONS } from "./plan-operations.ts";
import {
  auditEntrySchema,
  campaignLinkSchema,
  campaignLinkVersionSchema,
  campaignSchema,
  collectAnswerSchema,
  collectSchema,
  consentSchema,
  contactSchema,
  decidedSchema,
  domainSchema,
  erasureSchema,
  journeyEntrySchema,
  keySchema,
  qualitySchema,
  siteSchema,
  suggestionSchema,
  trafficSchema,
} from "./schemas.ts";
import { TRIGGER_OPERATIONS } from "./trigger-operations.ts";

/** One call of the API, as the document and the page of it describe it. */
export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly tag:
    | "Email"
    | "Campaigns"
    | "Collection"
    | "Webhooks"
    | "Contacts"
    | "Reports"
    | "Domains"
    | "Administration"
    | "Operation";
  /** The scope that a key needs; undefined: none. */
  readonly scope?: Scope;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** A small body that works, for the copyable call. */
  readonly example?: unknown;
  readonly status?: number;
  readonly answer?: z.ZodType;
}

const next = z.string().nullable().meta({ description: "Cursor of the following page, or null." });
const pageSchema = { limit: z.int().min(1).max(200).default(50), cursor: z.string().optional() };

/** Each call of the collection API with a small body that works. */
const COLLECT = {
  track: { what: "An event", example: { userId: "u7", event: "demo_request" } },
  identify: { what: "Who somebody is", example: { userId: "u7", traits: { plan: "pro" } } },
  page: { what: "A page view", example: { userId: "u7" } },
  screen: { what: "A screen view of an app", example: { userId: "u7", name: "Cart" } },
  group: { what: "A membership", example: { userId: "u7", groupId: "acme" } },
  alias: { what: "A new id of somebody", example: { userId: "u7", previousId: "u3" } },
};

const collection: Operation[] = Object.entries(COLLECT).map(([type, { what, example }]) => ({
  method: "post",
  path: `/v1/${type}`,
  summary: `${what}, as Segment's libraries send it`,
  tag: "Collection",
  scope: "collect",
  body: collectSchema,
  example,
  answer: collectAnswerSchema,
}));

const batch = {
  method: "post",
  tag: "Collection",
  scope: "collect",
  body: z.looseObject({ batch: z.array(collectSchema) }),
  example: { batch: [{ type: "track", userId: "u7", event: "demo_request" }] },
  answer: collectAnswerSchema,
} as const;

/** What the API answers to. Bodies and queries are the schemas that the routes themselves check. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/rewrite",
    summary: "Rewrite the links of a mail",
    tag: "Email",
    scope: "rewrite",
    body: rewriteBodySchema,
    example: {
      html: '<a href="https://example.com">hi</a>',
      campaign: "hello",
      contact: { email: "ana@example.com" },
    },
    answer: rewriteAnswerSchema,
  },
  {
    method: "post",
    path: "/v1/rewrite/batch",
    summary: "Rewrite one mail for up to 10,000 recipients, one line of NDJSON each",
    tag: "Email",
    scope: "rewrite",
    body: batchBodySchema,
    example: {
      html: '<a href="https://example.com">hi</a>',
      campaign: "hello",
      recipients: [{ contact: { email: "ana@example.com" } }],
    },
  },
  {
    method: "post",
    path: "/v1/recipients",
    summary: "Make recipient tokens, to be stored as a merge field",
    tag: "Email",
    scope: "rewrite",
    body: recipientsBodySchema,
    example: { contacts: [{ email: "ana@example.com" }] },
  },
  {
    method: "get",
    path: "/v1/utm-defaults",
    summary: "UTM parameters that links get without being asked for",
    tag: "Email",
    scope: "read",
    answer: z.object({ utm_defaults: z.array(utmDefaultAnswerSchema) }),
  },
  {
    method: "put",
    path: "/v1/utm-defaults",
    summary: "Store the UTM parameters of a campaign, or of every campaign",
    tag: "Email",
    scope: "admin",
    body: utmDefaultSchema,
    example: { utm: { utm_source: "newsletter", utm_medium: "auto", utm_campaign: "auto" } },
    answer: utmDefaultAnswerSchema,
  },
  {
    method: "get",
    path: "/v1/campaigns",
    summary: "List campaigns, last sent first",
    tag: "Campaigns",
    scope: "read",
    query: campaignsQuerySchema,
    answer: z.object({ campaigns: z.array(campaignSchema), next }),
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
  ...collection,
  { ...batch, path: "/v1/batch", summary: "Several calls at once" },
  { ...batch, path: "/v1/import", summary: "The same for history: its times stay as they are" },
  {
    method: "post",
    path: "/v1/hooks/{esp}",
    summary: "What a provider reports of mails: ses, sendgrid, postmark, mailgun or generic",
    tag: "Webhooks",
    body: z.unknown(),
    example: { event: "delivered", email: "ana@example.com", message_id: "order-7" },
    answer: receivedSchema,
  },
  {
    method: "get",
    path: "/v1/hooks",
    summary: "List the webhooks of email providers, and what came of them",
    tag: "Webhooks",
    scope: "read",
    answer: z.object({ hooks: z.array(hookSchema) }),
  },
  {
    method: "put",
    path: "/v1/hooks/{esp}",
    summary: "Set what verifies a provider; a secret that is made is shown in this answer alone",
    tag: "Webhooks",
    scope: "admin",
    body: hookChangeSchema,
    example: {},
    answer: hookSchema.extend({ secret: z.string().optional() }).meta({ id: "ChangedHook" }),
  },
  {
    method: "delete",
    path: "/v1/hooks/{esp}",
    summary: "Take no more reports of a provider",
    tag: "Webhooks",
    scope: "admin",
    status: 204,
  },
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
  ...FAILED_OPERATIONS,
  ...PLAN_OPERATIONS,
  ...TRIGGER_OPERATIONS,
  {
    method: "get",
    path: "/v1/contacts",
    summary: "List contacts, last active first",
    tag: "Contacts",
    scope: "read",
    query: contactsQuerySchema,
    answer: z.object({ contacts: z.array(contactSchema), next }),
  },
  {
    method: "get",
    path: "/v1/contacts/{id}",
    summary: "One contact, by our id or yours",
    tag: "Contacts",
    scope: "read",
    answer: contactSchema,
  },
  {
    method: "get",
    path: "/v1/contacts/{id}/journey",
    summary: "What a contact did, newest first",
    tag: "Contacts",
    scope: "read",
    query: journeyQuerySchema,
    answer: z.object({ contact: contactSchema, entries: z.array(journeyEntrySchema), next }),
  },
  {
    method: "get",
    path: "/v1/contacts/{id}/consent",
    summary: "What a contact allows, and how that came about",
    tag: "Contacts",
    scope: "read",
    answer: consentSchema,
  },
  {
    method: "put",
    path: "/v1/contacts/{id}/consent",
    summary: "Record what a contact allows; also for one not known yet",
    tag: "Contacts",
    scope: "collect",
    body: consentChangesSchema,
    example: { clicks: "aggregate", opens: "none", source: "preference page" },
    answer: consentSchema,
  },
  {
    method: "get",
    path: "/v1/contacts/{id}/export",
    summary: "Everything known of a contact, as a file",
    tag: "Contacts",
    scope: "read",
    answer: z.looseObject({ contact: z.looseObject({}), events: z.array(z.looseObject({})) }),
  },
  {
    method: "get",
    path: "/v1/export/{kind}",
    summary: "All events, contacts or clicks as NDJSON or CSV",
    tag: "Contacts",
    scope: "read",
    query: z.strictObject({
      since: z.string().optional(),
      until: z.string().optional(),
      format: z.enum(["ndjson", "csv"]).optional(),
    }),
  },
  {
    method: "delete",
    path: "/v1/contacts/{id}",
    summary: "Erase a contact; 202 while the work goes on",
    tag: "Contacts",
    scope: "admin",
    answer: erasureSchema,
  },
  {
    method: "get",
    path: "/v1/erasures/{id}",
    summary: "How an erasure stands",
    tag: "Contacts",
    scope: "admin",
    answer: erasureSchema,
  },
  {
    method: "get",
    path: "/v1/quality",
    summary: "How well events are sent: score by day, event and source, failed checks; also as CSV",
    tag: "Reports",
    scope: "read",
    query: qualityQuerySchema,
    answer: qualitySchema,
  },
  {
    method: "get",
    path: "/v1/traffic",
    summary: "What came in the last days, people beside machines, and what was filtered why",
    tag: "Reports",
    scope: "read",
    query: trafficQuerySchema,
    answer: trafficSchema,
  },
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
    answer: z.object({ entries: z.array(auditEntrySchema), next }),
  },
  { method: "get", path: "/healthz", summary: "The process answers", tag: "Operation" },
  { method: "get", path: "/readyz", summary: "It can do its work", tag: "Operation" },
  { method: "get", path: "/metrics", summary: "Figures for Prometheus", tag: "Operation" },
];
