import { z } from "zod";

/** The sending platforms whose opt-out can be added to our links, and the attribute they read. */
export const DOWNSTREAM_OPT_OUTS = {
  ses: "ses:no-track",
  sendgrid: "clicktracking=off",
  postmark: "data-pm-no-track",
  mailgun: "disable-tracking=true",
  mandrill: "mc:disable-tracking",
  mautic: "mautic:disable-tracking",
  sparkpost: 'data-msys-clicktrack="0"',
  onesignal: "data-disable-tracking",
} as const;

const esps = Object.keys(DOWNSTREAM_OPT_OUTS) as (keyof typeof DOWNSTREAM_OPT_OUTS)[];

/** The options of a rewrite, as the API, the raw form and the command take them. */
export const rewriteOptionsSchema = z.strictObject({
  merge_tags: z.enum(["skip", "slots"]).default("skip"),
  utm_mode: z.enum(["fill", "overwrite", "off"]).default("fill"),
  track_unsubscribe: z.boolean().default(false),
  unsubscribe_urls: z.array(z.string().max(8192)).max(100).default([]),
  exclude_domains: z.array(z.string().min(1).max(253)).max(1000).default([]),
  downstream_opt_out: z.enum(esps).optional(),
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  tracking_domain: z.string().min(1).max(253).optional(),
  use_base: z.boolean().default(true),
  fix_schemeless: z.boolean().default(false),
  track_userinfo: z.boolean().default(false),
  repair_double_amp: z.boolean().default(false),
  allow_signed: z.boolean().default(false),
  open_pixel: z.boolean().default(false),
  honeypot: z.boolean().default(false),
  record_sent: z.boolean().default(true),
  part: z.enum(["html", "text", "amp"]).default("html"),
});

export type RewriteOptions = z.output<typeof rewriteOptionsSchema>;

/** The options as a caller may give them: every one has a default. */
export type RewriteOptionsInput = z.input<typeof rewriteOptionsSchema>;
