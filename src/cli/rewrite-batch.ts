import { once } from "node:events";
import { DEFAULT_WORKSPACE_ID } from "../access/directory.ts";
import { refuseEmptyMail } from "../email/prepare.ts";
import { readRawQuery } from "../email/raw-query.ts";
import type { RewriteService } from "../email/service.ts";
import { AppError } from "../lib/errors.ts";

interface BatchCommand {
  readonly mail: Buffer;
  /** One JSON object a line, as the API's `recipients`: `{"contact": {"id": …}, "message_id"?: …}`. */
  readonly recipients: string;
  readonly settings: URLSearchParams;
  readonly quiet: boolean;
}

/** Between two lines of progress. */
const PROGRESS_MS = 1000;

/** One line of NDJSON a recipient on standard output, as `POST /v1/rewrite/batch`; progress on standard error. */
export async function rewriteBatch(service: RewriteService, command: BatchCommand): Promise<void> {
  const html = command.mail.toString("utf8");
  refuseEmptyMail(html);
  const request = readRawQuery(command.settings);
  if (request.contact || request.message_id !== undefined || request.template) {
    throw new AppError("invalid_query", 422, "--recipients says whom the mails are for.", {
      hint: "Leave out --contact, --email, --message-id and --recipient-tag.",
    });
  }
  const recipients = readRecipients(command.recipients);
  const slices = service.rewriteBatch(DEFAULT_WORKSPACE_ID, request, { html }, recipients);
  const progress = createProgress(recipients.length, command.quiet);
  for await (const lines of slices) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
    progress.note(lines.length, lines.filter((line) => "error" in line).length);
  }
  progress.end();
}

/** A line that is no JSON stays as it is: as a recipient it is wrong, and its line of output says so. */
function readRecipients(ndjson: string): unknown[] {
  const lines = ndjson.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new AppError("invalid_body", 422, "There are no recipients.");
  return lines.map((line): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      return line;
    }
  });
}

function createProgress(total: number, quiet: boolean) {
  let done = 0;
  let wrong = 0;
  let saidAt = performance.now();
  const say = (what: string) => {
    if (!quiet) console.error(`${what} ${done} of ${total} recipients, ${wrong} of them wrong`);
  };
  return {
    note(count: number, wrongOnes: number): void {
      done += count;
      wrong += wrongOnes;
      if (performance.now() - saidAt < PROGRESS_MS) return;
      saidAt = performance.now();
      say("so far");
    },
    end: () => say("done:"),
  };
}
