import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { createDirectory, DEFAULT_WORKSPACE_ID, type Directory } from "../access/directory.ts";
import { createAccessStore } from "../access/store.ts";
import { type RewriteReport, rewriteForCommand } from "../email/rewrite-command.ts";
import { createRewriteService, type RewriteService } from "../email/service.ts";
import { createTokens } from "../email/tokens.ts";
import { createUtmDefaults, type UtmDefaults } from "../email/utm-defaults.ts";
import { publicUrl } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
import { createId } from "../lib/ids.ts";
import { createLinkDomains } from "../link-domains.ts";
import { createPartitions } from "../log/event-partitions.ts";
import { insertEvents } from "../log/events-store.ts";
import { type StorageContext, withStorage } from "./with-storage.ts";

/** The flags of `clicktrail rewrite`, as commander gives them. */
interface RewriteFlags {
  readonly campaign: string;
  readonly contact?: string;
  readonly email?: string;
  readonly messageId?: string;
  readonly recipientTag?: string;
  readonly recipients?: string;
  readonly utmSource?: string;
  readonly utmMedium?: string;
  readonly utmCampaign?: string;
  readonly utmTerm?: string;
  readonly utmContent?: string;
  readonly utmId?: string;
  readonly option?: readonly string[];
  readonly eml?: boolean;
  readonly text?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `clicktrail rewrite`: a mail in, the mail out; the report goes to standard error. */
export async function rewrite(file: string | undefined, flags: RewriteFlags): Promise<void> {
  const mail = file === undefined ? await buffer(process.stdin) : await readInput(file);
  const settings = toSettings(flags);
  if (flags.recipients !== undefined) return rewriteForMany(mail, settings, flags);
  const rewritten = await withStorage(async (context) =>
    rewriteForCommand(await createService(context), {
      mail,
      form: flags.eml ? "message" : "html",
      settings,
      workspaceId: DEFAULT_WORKSPACE_ID,
      freshId: createId(context.now()),
    }),
  );
  if (flags.json) {
    const html = rewritten.mail.toString("utf8");
    process.stdout.write(`${JSON.stringify({ html, ...rewritten.report }, null, 2)}\n`);
  } else process.stdout.write(rewritten.mail);
  if (!flags.quiet && !flags.json) printReport(rewritten.report);
}

async function rewriteForMany(
  mail: Buffer,
  settings: URLSearchParams,
  { recipients = "", eml, json, quiet = false }: RewriteFlags,
): Promise<void> {
  if (eml || json) {
    throw new AppError(
      "invalid_query",
      422,
      "--recipients takes an HTML or text mail, not --eml.",
      {
        hint: "The output is one line of JSON a recipient.",
      },
    );
  }
  const list = (await readInput(recipients)).toString("utf8");
  const { rewriteBatch } = await import("./rewrite-batch.ts");
  await withStorage(async (context) =>
    rewriteBatch(await createService(context), { mail, recipients: list, settings, quiet }),
  );
}

/** Facts go straight into the log: a command has no journal, and the database is at hand. */
async function createService(context: StorageContext): Promise<RewriteService> {
  const { config, now } = context;
  const { db, keyring } = context.storage;
  const { refsOf } = await loadDirectory(context);
  const domains = createLinkDomains({
    ...context,
    baseUrl: publicUrl(config),
    // A command adds no domain, so there is nothing to note, and it reads them but once.
    access: { recordAudit: async () => {} },
    onError() {},
  });
  await domains.refresh();
  return createRewriteService({
    tokens: createTokens({ keyring }),
    basesOf: domains.basesOf,
    // The command works in the operator's own workspace, which has no quota.
    admitDestinations: async () => {},
    refsOf,
    utmDefaultsOf: await loadUtmDefaults(context),
    async record(events) {
      const json = JSON.stringify(events);
      if (db.engine === "postgres") await createPartitions(db, json);
      await db.batch([insertEvents(db.engine, json)]);
    },
    now,
    createId,
  });
}

/** The references of the workspaces, without the rest of `access`: that would double the start. */
async function loadDirectory({ now, storage }: StorageContext): Promise<Directory> {
  const directory = createDirectory({
    store: createAccessStore(storage.db),
    now,
    environmentKeys: {},
    onError(error) {
      throw error;
    },
  });
  await directory.refresh();
  return directory;
}

async function loadUtmDefaults({
  now,
  storage: { db },
}: StorageContext): Promise<UtmDefaults["of"]> {
  const defaults = createUtmDefaults({ db, now, recordAudit: async () => {}, onError: () => {} });
  await defaults.refresh();
  return defaults.of;
}

/** The flat names of the API's raw form. */
function toSettings(flags: RewriteFlags): URLSearchParams {
  const named: Record<string, string | undefined> = {
    campaign: flags.campaign,
    contact_id: flags.contact,
    contact_email: flags.email,
    message_id: flags.messageId,
    recipient_tag: flags.recipientTag,
    utm_source: flags.utmSource,
    utm_medium: flags.utmMedium,
    utm_campaign: flags.utmCampaign,
    utm_term: flags.utmTerm,
    utm_content: flags.utmContent,
    utm_id: flags.utmId,
    part: flags.text ? "text" : undefined,
  };
  const settings = new URLSearchParams();
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined) settings.append(name, value);
  }
  for (const option of flags.option ?? []) {
    const [name = "", ...value] = option.split("=");
    settings.append(name, value.join("="));
  }
  return settings;
}

async function readInput(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw new AppError("invalid_body", 422, `The file ${file} cannot be read.`, { cause: error });
  });
}

function printReport({ links, skipped, warnings }: RewriteReport): void {
  for (const { index, text, destination } of links) {
    console.error(`tracked  ${index}  ${destination}  ${JSON.stringify(text)}`);
  }
  for (const { reason, url } of skipped) console.error(`skipped  ${reason}  ${url}`);
  for (const { message } of warnings) console.error(`warning  ${message}`);
  console.error(
    `${links.length} tracked, ${skipped.length} left alone, ${warnings.length} warnings`,
  );
}
