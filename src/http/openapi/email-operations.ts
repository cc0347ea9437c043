import { z } from "zod";
import { utmDefaultAnswerSchema, utmDefaultSchema } from "../../email/routes-utm.ts";
import {
  batchBodySchema,
  recipientsBodySchema,
  rewriteAnswerSchema,
  rewriteBodySchema,
} from "../../email/schemas.ts";
import type { Operation } from "./operation.ts";

/** Mails rewritten, and the parameters that their links get. */
export const EMAIL_OPERATIONS: readonly Operation[] = [
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
];
