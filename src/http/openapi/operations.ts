import { ADMINISTRATION_OPERATIONS } from "./administration-operations.ts";
import { CAMPAIGN_OPERATIONS } from "./campaign-operations.ts";
import { COLLECT_OPERATIONS } from "./collect-operations.ts";
import { CONTACT_OPERATIONS } from "./contact-operations.ts";
import { DOMAIN_OPERATIONS } from "./domain-operations.ts";
import { EMAIL_OPERATIONS } from "./email-operations.ts";
import { FAILED_OPERATIONS } from "./failed-operations.ts";
import { HOOK_OPERATIONS } from "./hook-operations.ts";
import type { Operation } from "./operation.ts";
import { PLAN_OPERATIONS } from "./plan-operations.ts";
import { REPORT_OPERATIONS } from "./report-operations.ts";
import { SITE_OPERATIONS } from "./site-operations.ts";
import { SUGGESTION_OPERATIONS } from "./suggestion-operations.ts";
import { TRIGGER_OPERATIONS } from "./trigger-operations.ts";

/** What the API answers to. Bodies and queries are the schemas that the routes themselves check. */
export const OPERATIONS: readonly Operation[] = [
  ...EMAIL_OPERATIONS,
  ...CAMPAIGN_OPERATIONS,
  ...DOMAIN_OPERATIONS,
  ...COLLECT_OPERATIONS,
  ...HOOK_OPERATIONS,
  ...SITE_OPERATIONS,
  ...FAILED_OPERATIONS,
  ...PLAN_OPERATIONS,
  ...TRIGGER_OPERATIONS,
  ...CONTACT_OPERATIONS,
  ...REPORT_OPERATIONS,
  ...SUGGESTION_OPERATIONS,
  ...ADMINISTRATION_OPERATIONS,
  { method: "get", path: "/healthz", summary: "The process answers", tag: "Operation" },
  { method: "get", path: "/readyz", summary: "It can do its work", tag: "Operation" },
  { method: "get", path: "/metrics", summary: "Figures for Prometheus", tag: "Operation" },
];
