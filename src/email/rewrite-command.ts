import { refuseEmptyMail } from "./prepare.ts";
import { readRawQuery } from "./raw-query.ts";
import { createPieceReader, decodeBody, encodeBody, findCharset } from "./rewrite/bytes.ts";
import { rewriteMessage } from "./rewrite-message.ts";
import type { RewriteAnswer } from "./schemas.ts";
import type { RewriteService } from "./service.ts";

interface RewriteCommand {
  readonly mail: Buffer;
  /** `html` also for the text part, then with the option `part=text`. */
  readonly form: "html" | "message";
  /** WHATWG label; a message says its own. */
  readonly charset?: string | undefined;
  /** The flat names of the raw form: `campaign`, `contact_id`, `utm_source`, every option. */
  readonly settings: URLSearchParams;
  readonly workspaceId: number;
  /** Names the message when `message_id` does not: all parts of a message belong to the same one. */
  readonly freshId: string;
}

/** The report of a rewrite, without the mail itself. */
export type RewriteReport = Omit<RewriteAnswer, "html" | "text">;

/**
 * Rewrites one mail from the command line, as the API's raw forms do.
 *
 * @throws {AppError} as the API does
 */
export async function rewriteForCommand(
  service: Pick<RewriteService, "rewrite">,
  command: RewriteCommand,
): Promise<{ mail: Buffer; report: RewriteReport }> {
  const { mail, form, settings, workspaceId, charset: label = "utf-8" } = command;
  const given = readRawQuery(settings);
  const isNamed = given.template || given.message_id !== undefined;
  const request = isNamed ? given : { ...given, message_id: command.freshId };
  if (form === "message") {
    const { message, answer } = await rewriteMessage(mail, request, (asked, parts) =>
      service.rewrite(workspaceId, asked, parts),
    );
    return { mail: message, report: answer };
  }
  refuseEmptyMail(mail.toString("latin1"));
  const charset = findCharset(mail, label);
  const html = decodeBody(mail, charset);
  const readPiece = createPieceReader(charset);
  const rewritten = await service.rewrite(workspaceId, request, { html, readPiece });
  const output = encodeBody(rewritten.html ?? rewritten.text ?? html, charset);
  return { mail: output, report: rewritten.answer };
}
