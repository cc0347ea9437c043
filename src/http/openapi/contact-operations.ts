import { z } from "zod";
import { consentChangesSchema } from "../../contacts/routes-privacy.ts";
import { contactsQuerySchema, journeyQuerySchema } from "../../reports/routes.ts";
import {
  consentSchema,
  contactSchema,
  erasureSchema,
  journeyEntrySchema,
} from "./contact-schemas.ts";
import type { Operation } from "./operation.ts";
import { nextSchema } from "./schemas.ts";

/** Contacts: their journey, their consent, their export, their erasure. */
export const CONTACT_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/contacts",
    summary: "List contacts, last active first",
    tag: "Contacts",
    scope: "read",
    query: contactsQuerySchema,
    answer: z.object({ contacts: z.array(contactSchema), next: nextSchema }),
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
    answer: z.object({
      contact: contactSchema,
      entries: z.array(journeyEntrySchema),
      next: nextSchema,
    }),
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
];
