import { z } from "zod";
import { rewriteOptionsSchema } from "./rewrite/options.ts";

/** Most recipients of one batch, and most contacts of one request for recipient tokens. */
const MAX_RECIPIENTS = 10_000;

const idSchema = z
  .union([z.string().trim().min(1).max(256), z.number().int().transform(String)])
  .meta({ description: "The sender's own id of the contact." });

/** A contact as the sender knows it; at least one of `id` and `email`. */
export const contactSchema = z
  .strictObject({
    id: idSchema.optional(),
    email: z
      .string()
      .trim()
      .max(320)
      .regex(/^[^\s@]+@[^\s@]+$/, "Expected an email address.")
      .optional(),
    traits: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((contact) => contact.id !== undefined || contact.email !== undefined, {
    message: "Give the contact an `id`, an `email`, or both.",
  });

export type Contact = z.output<typeof contactSchema>;

const utmValue = z.string().max(500);
const noAutoValue = utmValue.refine((value) => value !== "auto", {
  message: "`auto` works for utm_medium, utm_campaign and utm_content.",
});

/** UTM values; an empty one adds nothing, `auto` asks for an automatic one. */
export const utmSchema = z.strictObject({
  utm_source: noAutoValue.optional(),
  utm_medium: utmValue.optional(),
  utm_campaign: utmValue.optional(),
  utm_term: noAutoValue.optional(),
  utm_content: utmValue.optional(),
  utm_id: noAutoValue.optional(),
});

const EMPTY_HTML = "`html` is empty. Send the full email HTML.";
const htmlSchema = z
  .string({ error: EMPTY_HTML })
  .refine((html) => html.trim() !== "", { message: EMPTY_HTML });

/** A campaign by its name. */
export const campaignSchema = z
  .string({ error: "Name the campaign, e.g. `spring sale`." })
  .trim()
  .min(1, "Name the campaign, e.g. `spring sale`.")
  .max(200);

const messageIdSchema = z.string().trim().min(1).max(998);

const templateSchema = z.strictObject({
  recipient_tag: z
    .string()
    .trim()
    .min(3)
    .max(200)
    .regex(/^[^\s"'<>&]([^"'<>&]*[^\s"'<>&])?$/, "Expected a merge tag, e.g. `{{ct_recipient}}`."),
});

const mailShape = {
  html: htmlSchema,
  text: z.string().optional(),
  campaign: campaignSchema,
  utm: utmSchema.optional(),
  options: rewriteOptionsSchema.prefault({}),
};

/** `POST /v1/rewrite` as JSON. */
export const rewriteBodySchema = z
  .strictObject({
    ...mailShape,
    contact: contactSchema.optional(),
    message_id: messageIdSchema.optional(),
    template: templateSchema.optional(),
  })
  .refine((body) => !(body.template && (body.contact || body.message_id)), {
    path: ["template"],
    message: "A template has no contact and no message id: its recipients come from the platform.",
  });

/** What a rewrite is asked for, beside the mail itself. */
export type RewriteRequest = Omit<z.output<typeof rewriteBodySchema>, "html" | "text">;

/** One recipient of a batch. */
export const recipientSchema = z.strictObject({
  contact: contactSchema,
  message_id: messageIdSchema.optional(),
});

/** One recipient of a batch. */
export type BatchRecipient = z.output<typeof recipientSchema>;

/** `POST /v1/rewrite/batch`, for the documentation. */
export const batchBodySchema = z.strictObject({
  ...mailShape,
  recipients: z.array(recipientSchema).min(1).max(MAX_RECIPIENTS),
});

/** The same, whatever the recipients are: each is read by itself, and a bad one is a result. */
export const openBatchBodySchema = batchBodySchema.extend({ recipients: itemsSchema() });

/** `POST /v1/recipients`, for the documentation. */
export const recipientsBodySchema = z.strictObject({
  contacts: z.array(contactSchema).min(1).max(MAX_RECIPIENTS),
});

/** The same, whatever the contacts are. */
export const openRecipientsBodySchema = z.strictObject({ contacts: itemsSchema() });

function itemsSchema() {
  return z.array(z.unknown()).min(1).max(MAX_RECIPIENTS);
}

/** One link of the report. Offsets count UTF-16 code units from the start of the part. */
const reportedLinkSchema = z.object({
  index: z.int(),
  name: z.string().nullable(),
  text: z.string(),
  url: z.string(),
  destination: z.string(),
  tracking_url: z.string(),
  offset: z.int(),
});

/** The answer of `POST /v1/rewrite`. */
export const rewriteAnswerSchema = z.object({
  html: z.string(),
  text: z.string().nullable(),
  campaign: z.string(),
  campaign_id: z.string(),
  message_id: z.string().nullable(),
  links: z.array(reportedLinkSchema),
  skipped: z.array(z.object({ url: z.string(), reason: z.string(), offset: z.int() })),
  warnings: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      count: z.int(),
      offset: z.int().optional(),
    }),
  ),
});

export type RewriteAnswer = z.output<typeof rewriteAnswerSchema>;
