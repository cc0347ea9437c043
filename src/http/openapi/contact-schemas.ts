import { z } from "zod";
import { timeSchema } from "./schemas.ts";

/** Somebody, by our id. */
export const contactSchema = z
  .object({
    id: z.string(),
    user_id: z.string().nullable(),
    email: z.string().nullable(),
    traits: z.record(z.string(), z.unknown()),
    first_seen_at: timeSchema,
    last_active_at: timeSchema,
  })
  .meta({ id: "Contact" });

/** What a contact did, one step of it. */
export const journeyEntrySchema = z
  .object({
    id: z.string(),
    at: timeSchema,
    received_at: timeSchema,
    source: z.enum(["email", "site", "server", "esp"]),
    type: z.string(),
    name: z.string(),
    campaign: z.object({ id: z.string(), name: z.string() }).nullable(),
    link: z
      .object({
        id: z.string(),
        index: z.int(),
        name: z.string().nullable(),
        url: z.string().nullable(),
      })
      .nullable(),
    url: z.string().nullable(),
    path: z.string().nullable(),
    value_minor: z.int().nullable(),
    currency: z.string().nullable(),
    session_id: z.string().nullable(),
    click_id: z.string().nullable(),
    verdict: z.enum(["human", "machine", "prefetch"]).nullable(),
    certainty: z.enum(["high", "low"]).nullable(),
    reasons: z.array(z.string()),
    repeat_of: z
      .string()
      .nullable()
      .meta({ description: "The event that told the same sale before." }),
    counted: z.boolean(),
    conversion: z.boolean().meta({ description: "Counted, and of an event marked as one." }),
    why: z
      .object({
        sentence: z.string(),
        evidence: z.enum(["mail", "user_id", "email", "alias", "click"]),
        confidence: z.enum(["confirmed", "asserted", "inferred"]).nullable(),
        event_id: z.string().nullable(),
        at: timeSchema.nullable(),
      })
      .meta({ description: "Why the event is counted as this contact's." }),
    properties: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "JourneyEntry" });

const mode = z.enum(["individual", "aggregate", "none"]);
const modes = { clicks: mode, opens: mode, site: mode };

/** What a contact allows, and every change of it. */
export const consentSchema = z
  .object({
    contact: z.string(),
    consent: z.object(modes),
    changed_at: timeSchema.nullable(),
    log: z.array(
      z.object({
        at: timeSchema,
        actor: z.object({ kind: z.string(), id: z.string() }),
        ...modes,
        source: z.string().nullable(),
        text_version: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Consent" });

/** How far a contact's erasure is. */
export const erasureSchema = z
  .object({
    id: z.string(),
    state: z.enum(["running", "finished"]),
    progress: z.number().meta({ description: "0 to 1." }),
    requested_at: timeSchema,
    finished_at: timeSchema.nullable(),
    counts: z.object({
      events: z.int(),
      redacted: z.int(),
      failed_events: z.int(),
      visitors: z.int(),
    }),
    receipt: z.string().nullable().meta({ description: "SHA-256, also in the audit log." }),
  })
  .meta({ id: "Erasure" });
