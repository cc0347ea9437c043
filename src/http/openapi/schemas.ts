import { z } from "zod";
import { COLLECTS } from "../../site/store.ts";

const time = z.iso.datetime().meta({ description: "ISO 8601, UTC." });

/** RFC 9457. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    hint: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .meta({ id: "Problem", description: "What went wrong, and what would be right." });

export const keySchema = z
  .object({
    id: z.string(),
    kind: z.enum(["secret", "site"]),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    site_id: z.string().nullable(),
    created_at: time,
    last_used_at: time.nullable(),
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .meta({ id: "Key" });

export const siteSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    hosts: z.array(z.string()),
    created_at: time,
    collects: z.enum(COLLECTS).meta({ description: "What the script sends." }),
    live_version: z
      .int()
      .nullable()
      .meta({ description: "The published version of its triggers." }),
  })
  .meta({ id: "Site" });

const part = z.record(z.string(), z.unknown());

/** A trigger as it is kept: the parts are those of the body that made it. */
export const triggerAnswerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    on: part,
    conditions: z.array(part),
    event: z.string(),
    parameters: z.array(part),
  })
  .meta({ id: "Trigger" });

export const triggerVersionSchema = z
  .object({
    version: z.int(),
    note: z.string(),
    restores: z.int().nullable().meta({ description: "The version it brought back." }),
    published_at: time,
    published_by: z.string(),
    triggers: z.array(triggerAnswerSchema),
  })
  .meta({ id: "TriggerVersion" });

const settings = {
  stopped: z.boolean(),
  expires_at: time.nullable(),
  fallback: z.string().nullable(),
};

export const campaignSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    first_at: time,
    last_at: time,
    ...settings,
    cost: z.object({ value_minor: z.int(), currency: z.string() }).nullable(),
  })
  .meta({ id: "Campaign" });

const destination = z.string().meta({ description: "Where it leads now." });

export const campaignLinkSchema = z
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
  at: time,
  actor: z.object({ kind: z.string(), id: z.string() }),
  destination,
  ...settings,
});

export const campaignLinkVersionSchema = campaignLinkSchema
  .extend({ versions: z.array(version) })
  .meta({ id: "CampaignLinkWithVersions" });

export const domainSchema = z
  .object({
    host: z.string(),
    status: z.enum(["pending", "verified", "failing"]),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    default: z.boolean(),
    created_at: time,
    checked_at: time.nullable(),
    verified_at: time.nullable(),
  })
  .meta({ id: "Domain" });

export const contactSchema = z
  .object({
    id: z.string(),
    user_id: z.string().nullable(),
    email: z.string().nullable(),
    traits: z.record(z.string(), z.unknown()),
    first_seen_at: time,
    last_active_at: time,
  })
  .meta({ id: "Contact" });

export const journeyEntrySchema = z
  .object({
    id: z.string(),
    at: time,
    received_at: time,
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
    counted: z.boolean(),
    conversion: z.boolean().meta({ description: "Counted, and of an event marked as one." }),
    why: z
      .object({
        sentence: z.string(),
        evidence: z.enum(["mail", "user_id", "email", "alias", "click"]),
        confidence: z.enum(["confirmed", "asserted", "inferred"]).nullable(),
        event_id: z.string().nullable(),
        at: time.nullable(),
      })
      .meta({ description: "Why the event is counted as this contact's." }),
    properties: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "JourneyEntry" });

const mode = z.enum(["individual", "aggregate", "none"]);
const modes = { clicks: mode, opens: mode, site: mode };

export const consentSchema = z
  .object({
    contact: z.string(),
    consent: z.object(modes),
    changed_at: time.nullable(),
    log: z.array(
      z.object({
        at: time,
        actor: z.object({ kind: z.string(), id: z.string() }),
        ...modes,
        source: z.string().nullable(),
        text_version: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Consent" });

export const erasureSchema = z
  .object({
    id: z.string(),
    state: z.enum(["running", "finished"]),
    progress: z.number().meta({ description: "0 to 1." }),
    requested_at: time,
    finished_at: time.nullable(),
    counts: z.object({
      events: z.int(),
      redacted: z.int(),
      failed_events: z.int(),
      visitors: z.int(),
    }),
    receipt: z.string().nullable().meta({ description: "SHA-256, also in the audit log." }),
  })
  .meta({ id: "Erasure" });

const countsSchema = z.object({
  human: z.int(),
  unsure: z.int().meta({ description: "Of the human ones." }),
  machine: z.int(),
  prefetch: z.int(),
});

export const trafficSchema = z
  .object({
    totals: countsSchema,
    days: z.array(countsSchema.extend({ day: z.iso.date() })),
    reasons: z.array(z.object({ signal: z.string(), machine: z.int(), prefetch: z.int() })),
    campaigns: z.array(countsSchema.extend({ id: z.string(), name: z.string() })),
    networks: z.array(countsSchema.extend({ network: z.string() })),
  })
  .meta({ id: "Traffic", description: "Hits by what they turned out to be; days are UTC." });

const scoresSchema = z.object({ events: z.int(), score: z.int().nullable() });

/** How well events were sent. */
export const qualitySchema = z
  .object({
    totals: scoresSchema,
    folded: z
      .object({
        reason: z.literal("too_many_event_names"),
        events: z.int(),
        most_names: z.int(),
      })
      .meta({ description: "Events summed up as `(other)`: the workspace has too many names." }),
    days: z.array(scoresSchema.extend({ day: z.iso.date() })),
    checks: z.array(
      z.object({
        check: z.string(),
        weight: z.int(),
        failed: z.int(),
        fault: z.string(),
        change: z.string(),
        example: z
          .object({
            event: z.string(),
            event_id: z.string(),
            received_at: time,
            url: z.string().nullable(),
            properties: z.record(z.string(), z.unknown()),
          })
          .nullable(),
      }),
    ),
    events: z.array(
      scoresSchema.extend({
        event: z.string(),
        source_id: z.string(),
        worst_check: z.string().nullable(),
        conversion: z.boolean(),
      }),
    ),
  })
  .meta({ id: "Quality", description: "Mean scores from 0 to 100; days are UTC, by arrival." });

const reviewedSchema = z.object({
  id: z.string(),
  user_id: z.string().nullable(),
  email: z.string().nullable(),
});

export const suggestionSchema = z
  .object({ into: reviewedSchema, from: reviewedSchema, reasons: z.array(z.string()) })
  .meta({ id: "Suggestion", description: "Two contacts that may be one person." });

const namedSchema = z.object({ id: z.string(), name: z.string().nullable() });

export const decidedSchema = z
  .object({
    decision: z.enum(["accept", "reject"]),
    into: namedSchema,
    from: namedSchema,
    at: time,
  })
  .meta({ id: "Decided", description: "A decision that stands until it is undone." });

/** An event that could not be taken. */
export const failedEventSchema = z
  .object({
    id: z.string(),
    status: z.enum(["open", "replayed", "discarded"]),
    reason: z.string(),
    expected: z.string().meta({ description: "What would be right." }),
    source: z.enum(["site", "server"]).nullable(),
    source_id: z.string(),
    received_at: time,
    raw: z.string().meta({ description: "The body as it came." }),
    edited: z.string().nullable().meta({ description: "What is read in its place." }),
    note: z.string().nullable(),
    settled_at: time.nullable(),
  })
  .meta({ id: "FailedEvent" });

/** What a replay came to. */
export const replayedSchema = z
  .object({
    id: z.string(),
    status: z.enum(["open", "replayed", "discarded"]),
    accepted: z.int(),
    rejected: z.array(z.object({ index: z.int(), code: z.string(), message: z.string() })),
  })
  .meta({ id: "Replayed", description: "Open where nothing of it could be taken." });

/** A call of the collection API, as Segment's libraries send it. */
export const collectSchema = z
  .looseObject({
    messageId: z.string().optional(),
    userId: z.string().optional(),
    anonymousId: z.string().optional(),
    event: z.string().optional().meta({ description: "Of `track`." }),
    properties: z.record(z.string(), z.unknown()).optional(),
    traits: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "Of `identify` and `group`." }),
    groupId: z.string().optional().meta({ description: "Of `group`." }),
    previousId: z.string().optional().meta({ description: "Of `alias`." }),
    context: z.record(z.string(), z.unknown()).optional(),
    timestamp: time.optional(),
  })
  .meta({ id: "CollectCall" });

/** What became of each event of a request. */
export const collectAnswerSchema = z
  .object({
    success: z.literal(true),
    accepted: z.int().meta({ description: "Events that are on disk." }),
    rejected: z
      .array(z.object({ index: z.int(), code: z.string() }))
      .meta({ description: "Those kept apart, by their place in the batch, with the reason." }),
  })
  .meta({ id: "CollectAnswer" });

export const auditEntrySchema = z
  .object({
    id: z.string(),
    at: time,
    actor: z.object({ kind: z.string(), id: z.string() }),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "AuditEntry" });
