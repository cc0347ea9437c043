import { z } from "zod";
import { hookChangeSchema, hookSchema, receivedSchema } from "../../collect/hooks/routes.ts";
import type { Operation } from "./operation.ts";

/** What providers report of mails, and what verifies it. */
export const HOOK_OPERATIONS: readonly Operation[] = [
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
];
