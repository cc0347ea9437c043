import type { Refs } from "../lib/refs.ts";
import {
  addressMail,
  prepareMail,
  type RewriteEnvironment,
  refuseEmptyMail,
  reportOf,
} from "./prepare.ts";
import { readRawQuery } from "./raw-query.ts";
import { createPieceReader, decodeBody, encodeBody } from "./rewrite/bytes.ts";
import { fillMail } from "./rewrite/rewrite.ts";
import { rewriteMessage } from "./rewrite-message.ts";
import type { RewriteAnswer, RewriteRequest } from "./schemas.ts";
import type { Tokens } from "./tokens.ts";

interface RewriteCommand {
  readonly mail: Buffer;
  /** `html` also for the text part, then with the option `part=text`. */
  readonly form: "html" | "message";
  /** WHATWG label; a message says its own. */
  readonly charset?: string | undefined;
  /** The flat names of the raw form: `campaign`, `contact_id`, `utm_source`, every option. */
  readonly settings: URLSearchParams;
  readonly tokens: Tokens;
  readonly refs: Refs;
  readonly workspaceId: number;
  readonly baseUrl: string;
  readonly aliasBases?: readonly string[];
  /** Names the message when `message_id` does not. */
  readonly freshId: string;
}

/** The report of a rewrite, without the mail itself. */
export type RewriteReport = Omit<RewriteAnswer, "html" | "text">;

/**
 * Rewrites one mail from the command line: no server, no database, and nothing recorded.
 *
 * The tokens are those of the service that shares the secret and the workspace's reference key.
 *
 * @throws {AppError} as the API does
 */
export async function rewriteForCommand(
  command: RewriteCommand,
): Promise<{ mail: Buffer; report: RewriteReport }> {
  const { mail, form, settings, charset = "utf-8" } = command;
  const given = readRawQuery(settings);
  const isNamed = given.template || given.message_id !== undefined;
  const request = isNamed ? given : { ...given, message_id: command.freshId };
  const environment = environmentOf(command);
  if (form === "message") {
    const { message, answer } = await rewriteMessage(mail, request, async (asked, parts) =>
      rewriteParts(environment, asked, parts),
    );
    return { mail: message, report: answer };
  }
  refuseEmptyMail(mail.toString("latin1"));
  const html = decodeBody(mail, charset);
  const readPiece = createPieceReader(charset);
  const rewritten = rewriteParts(environment, request, { html, readPiece });
  const output = encodeBody(rewritten.html ?? rewritten.text ?? html, charset);
  return { mail: output, report: rewritten.answer };
}

function environmentOf(command: RewriteCommand): RewriteEnvironment {
  const { tokens, refs, workspaceId, baseUrl, aliasBases = [] } = command;
  return { tokens, refs, workspaceId, trackingBases: [baseUrl, ...aliasBases], utmDefaults: {} };
}

function rewriteParts(
  environment: RewriteEnvironment,
  request: RewriteRequest,
  parts: Parameters<typeof prepareMail>[2],
) {
  const mail = prepareMail(environment, request, parts);
  const addressee = request.template ? undefined : addressMail(environment, request, "");
  const recipient = addressee?.recipient ?? request.template?.recipient_tag ?? "";
  const answer: RewriteReport = {
    campaign: request.campaign,
    campaign_id: environment.refs.campaign(request.campaign),
    message_id: addressee ? (request.message_id ?? addressee.messageRef) : null,
    ...reportOf(mail, recipient),
  };
  return { ...fillMail(mail, recipient), answer };
}
