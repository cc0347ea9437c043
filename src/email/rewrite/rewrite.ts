import { Buffer } from "node:buffer";
import type { SealedLink } from "../link-token.ts";
import type { UtmParams } from "../utm.ts";
import { isSignedUrl } from "../utm.ts";
import { planHtml } from "./html.ts";
import { createLinkList, type Link } from "./link-list.ts";
import type { RewriteOptions } from "./options.ts";
import type { Plan, PlanContext, SkippedLink } from "./plan.ts";
import { createPartTemplate, fillTemplate, type PartTemplate } from "./template.ts";
import { planText } from "./text.ts";
import { createWarningList, type Warning, type WarningList } from "./warnings.ts";

/** One mail to rewrite: HTML, text, or both parts of one mail. */
export interface RewriteInput {
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly workspaceId: number;
  /** 11 characters of base64url, from `Refs`. */
  readonly campaignId: string;
  readonly campaign: string;
  readonly utm: UtmParams;
  readonly options: RewriteOptions;
  /** Our own base URL, then its aliases; links to any of them are already tracked. */
  readonly trackingBases: readonly [string, ...string[]];
  /** Whether the recipient part will be a platform's merge tag. */
  readonly isTemplate: boolean;
  /** For sources that were not decoded by their charset; see `createPieceReader`. */
  readonly readPiece?: PieceReader;
  /** The parts of a message beside its first HTML and text: their links are numbered on. */
  readonly others?: readonly OtherPart[] | undefined;
}

type PieceReader = ((piece: string) => string) | undefined;

/** A part more of one mail; nothing is added to it. */
export interface OtherPart {
  readonly kind: RewriteOptions["part"];
  readonly source: string;
  readonly readPiece?: PieceReader;
}

/** A rewritten mail that still lacks its recipient, and the report of what was done. */
export interface RewrittenMail {
  readonly html: PartTemplate | undefined;
  readonly text: PartTemplate | undefined;
  /** As `others` of the input. */
  readonly others: readonly PartTemplate[];
  readonly links: readonly TrackedLink[];
  readonly skipped: readonly SkippedLink[];
  readonly warnings: readonly Warning[];
  /** The index of the hidden link that only machines find, if one was added. */
  readonly honeypot: number | null;
}

/** A link of a rewritten mail, with its URL up to the recipient. */
export interface TrackedLink extends Link {
  /** `https://…/c/<link>/`: the recipient part comes behind it. */
  readonly urlBeforeRecipient: string;
}

/** Gmail hides what stands below this. */
const GMAIL_CLIPS_BYTES = 102 * 1024;
const RECIPIENT_LENGTH = 34;

/**
 * Rewrites a mail once for all of its recipients: `fillMail` makes the mail of each.
 *
 * Nothing but the values of eligible links changes (and our own `data-utm*` and `data-link-name`
 * attributes, which are taken out). Rewriting the result again changes nothing. Linear in the mail.
 *
 * @param seal makes a link token; called once for each distinct link
 */
export function rewriteMail(
  input: RewriteInput,
  seal: (link: SealedLink) => string,
): RewrittenMail {
  const warnings = createWarningList();
  const list = createLinkList({
    utm: input.utm,
    mode: input.options.utm_mode,
    campaign: input.campaign,
  });
  const context: PlanContext = { ...input, links: list, warnings };
  const htmlPlan = input.html === undefined ? undefined : planHtml(input.html, context);
  const textPlan =
    input.text === undefined ? undefined : planText(input.text, context, htmlPlan?.leftAlone);
  const otherPlans = (input.others ?? []).map((other) => planOther(other, context, htmlPlan));

  const links = list.list();
  const sealer = sealAll(links, input, seal);
  const part = (source: string | undefined, plan: Plan | undefined) =>
    source === undefined || !plan
      ? undefined
      : createPartTemplate({ source, edits: plan.edits, links, sealer });
  const html = part(input.html, htmlPlan);
  warnAboutSize(input.html, html, warnings);
  warnAboutNames(links, warnings);
  warnAboutSigned(links, input, warnings);
  return {
    html,
    text: part(input.text, textPlan),
    others: otherPlans.map(({ source, plan: { edits } }) =>
      createPartTemplate({ source, edits, links, sealer }),
    ),
    links: links.map((link) => ({ ...link, urlBeforeRecipient: sealer.link(link) })),
    skipped: [htmlPlan, textPlan, ...otherPlans.map(({ plan }) => plan)].flatMap(
      (plan) => plan?.skipped ?? [],
    ),
    warnings: warnings.list(),
    honeypot: hasHoneypot(htmlPlan) && sealer.honeypot() ? links.length : null,
  };
}

/** The mail of one recipient: a recipient token, or the platform's merge tag in a template. */
export function fillMail(mail: RewrittenMail, recipient: string): FilledMail {
  return {
    html: mail.html && fillTemplate(mail.html, recipient),
    text: mail.text && fillTemplate(mail.text, recipient),
    others: mail.others.map((other) => fillTemplate(other, recipient)),
  };
}

/** The parts of one recipient's mail. */
export interface FilledMail {
  readonly html: string | undefined;
  readonly text: string | undefined;
  readonly others: readonly string[];
}

function planOther(
  { kind, source, readPiece }: OtherPart,
  context: PlanContext,
  html: Plan | undefined,
): { source: string; plan: Plan } {
  const options = { ...context.options, part: kind, open_pixel: false, honeypot: false };
  const own = { ...context, readPiece, options };
  const plan = kind === "text" ? planText(source, own, html?.leftAlone) : planHtml(source, own);
  return { source, plan };
}

function hasHoneypot(plan: Plan | undefined): boolean {
  return plan?.edits.some((edit) => "insert" in edit && edit.insert === "honeypot") ?? false;
}

function sealAll(
  links: readonly Link[],
  { workspaceId, campaignId, isTemplate, trackingBases }: RewriteInput,
  seal: (link: SealedLink) => string,
) {
  const base = trackingBases[0].replace(/\/+$/, "");
  // Written out: a spread of what they share took half as long as sealing.
  const sealOne = (
    purpose: SealedLink["purpose"],
    index: number,
    destination: string,
    hasSlots: boolean,
  ) => seal({ purpose, workspaceId, campaignId, index, destination, hasSlots, isTemplate });
  const click = (index: number, destination: string, hasSlots: boolean) =>
    `${base}/c/${sealOne("click", index, destination, hasSlots)}/`;
  const urls = links.map(({ index, destination, hasSlots }) => click(index, destination, hasSlots));
  return {
    link: (link: Link) => urls[link.index] ?? "",
    // Its own index, behind every link of the mail: reports know a hit on it for what it is.
    honeypot() {
      const target = links.find((link) => !link.hasSlots);
      return target && click(links.length, target.destination, false);
    },
    openPixel() {
      return `${base}/o/${sealOne("open", 0, "", false)}/`;
    },
  };
}

function warnAboutSize(
  source: string | undefined,
  html: PartTemplate | undefined,
  warnings: WarningList,
): void {
  if (source === undefined || !html) return;
  const tokens = (html.slices.length - 1) * RECIPIENT_LENGTH;
  const characters = html.slices.reduce((sum, slice) => sum + slice.length, tokens);
  // At most three bytes a UTF-16 unit: most mails need no closer look.
  if (characters * 3 <= GMAIL_CLIPS_BYTES) return;
  // What was added is ASCII; counting the source spares gluing the slices together.
  const bytes = Buffer.byteLength(source) + characters - source.length;
  if (bytes > GMAIL_CLIPS_BYTES) warnings.add("over_102_kb");
}

/** Places that share a link (Outlook's, the text part's) are one; a name for two links is a slip. */
function warnAboutNames(links: readonly Link[], warnings: WarningList): void {
  const names = new Set<string>();
  for (const { name, offset } of links) {
    if (name === null) continue;
    if (names.has(name)) warnings.add("duplicate_name", offset);
    names.add(name);
  }
}

function warnAboutSigned(
  links: readonly Link[],
  { utm, options }: RewriteInput,
  warnings: WarningList,
): void {
  if (options.utm_mode === "off" || !Object.values(utm).some(Boolean)) return;
  for (const link of links) {
    if (isSignedUrl(link.destination)) warnings.add("signed_url", link.offset);
  }
}
