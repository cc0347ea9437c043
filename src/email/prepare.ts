import { AppError } from "../lib/errors.ts";
import type { Refs } from "../lib/refs.ts";
import { type OtherPart, type RewrittenMail, rewriteMail } from "./rewrite/rewrite.ts";
import type { RewriteAnswer, RewriteRequest } from "./schemas.ts";
import type { Tokens } from "./tokens.ts";
import type { UtmParams } from "./utm.ts";

/** What rewriting a mail takes: no database, so it works while that is down. */
export interface RewriteEnvironment {
  readonly tokens: Tokens;
  readonly refs: Refs;
  readonly workspaceId: number;
  /** Our own base URL, then its aliases. */
  readonly trackingBases: readonly [string, ...string[]];
  /** Stored defaults, under what the request gives. */
  readonly utmDefaults: UtmParams;
}

/** The parts of a mail as text; `readPiece` reads what its charset did not decode. */
export interface MailParts {
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly readPiece?: ((piece: string) => string) | undefined;
  /** The further parts of a message. */
  readonly others?: readonly OtherPart[] | undefined;
}

type MailRequest = Pick<RewriteRequest, "campaign" | "utm" | "options" | "template">;

/** Rewrites a mail for all of its recipients; `fillMail` makes the mail of each. */
export function prepareMail(
  environment: RewriteEnvironment,
  request: MailRequest,
  { html, text, readPiece, others }: MailParts,
): RewrittenMail {
  const { tokens, refs, workspaceId, trackingBases, utmDefaults } = environment;
  // The option says what the given body is: `html` of a text part is the text part.
  const isText = request.options.part === "text" && text === undefined;
  return rewriteMail(
    {
      html: isText ? undefined : html,
      text: isText ? html : text,
      readPiece,
      others,
      workspaceId,
      trackingBases,
      campaign: request.campaign,
      campaignId: refs.campaign(request.campaign),
      utm: { ...utmDefaults, ...request.utm },
      options: request.options,
      isTemplate: request.template !== undefined,
    },
    tokens.sealLink,
  );
}

/** Whom a mail goes to: the references of its token. */
export interface Addressee {
  readonly contactRef: string | null;
  readonly messageRef: string;
  readonly recipient: string;
}

/** @param freshId names the message when the sender did not; never used twice */
export function addressMail(
  { tokens, refs, workspaceId }: RewriteEnvironment,
  { contact, message_id }: Pick<RewriteRequest, "contact" | "message_id">,
  freshId: string,
): Addressee {
  const contactRef = contact ? refs.contact(contact) : null;
  const messageRef = refs.message(message_id ?? freshId);
  const recipient = tokens.sealRecipient(workspaceId, { contact: contactRef, message: messageRef });
  return { contactRef, messageRef, recipient };
}

/** The report of a rewrite, as the API and the header give it. */
export function reportOf(
  mail: RewrittenMail,
  recipient: string,
): Pick<RewriteAnswer, "links" | "skipped" | "warnings"> {
  return {
    links: mail.links.map(
      ({ index, name, text, url, destination, offset, urlBeforeRecipient }) => ({
        index,
        name,
        text,
        url,
        destination,
        tracking_url: urlBeforeRecipient + recipient,
        offset,
      }),
    ),
    skipped: mail.skipped.map(({ url, reason, offset }) => ({ url, reason, offset })),
    warnings: mail.warnings.map((warning) => ({ ...warning })),
  };
}

/** @throws {AppError} `invalid_body` (422) when there is nothing to rewrite */
export function refuseEmptyMail(html: string): void {
  if (html.trim() !== "") return;
  throw new AppError("invalid_body", 422, "`html` is empty. Send the full email HTML.");
}
