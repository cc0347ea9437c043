#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { SCOPES } from "./access/api-keys.ts";
import { describeSettings } from "./lib/config.ts";
import { AppError, errorMessage } from "./lib/errors.ts";
import { EXPORTS, FORMATS } from "./reports/export-kinds.ts";

/** The option of every command that works in one workspace. */
const IN_WORKSPACE = ["--workspace <name>", "id or name of the workspace [default]"] as const;

/** Exit codes of every command: 1 it failed, 2 it was called wrongly. */
const FAILED = 1;
const USAGE = 2;

interface PackageJson {
  readonly version: string;
}

const packageJson: PackageJson = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

const program = new Command("clicktrail")
  .description("From email click to what happened on the site, for every contact.")
  .version(packageJson.version)
  .showSuggestionAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));

// Each command is loaded when it is called: a pipe through `rewrite` must not wait for the server's code.
program
  .command("serve")
  .description("start the service; migrates first")
  .option("--port <port>", "port to listen on (PORT)")
  .option("--host <address>", "address to listen on (HOST)")
  .addHelpText("after", () => `\nSettings (environment):\n${settingsHelp()}`)
  .action(async (options) => (await import("./cli/serve.ts")).serve(options, packageJson.version));

program
  .command("rewrite")
  .description(
    "rewrite a mail: from FILE or standard input to standard output; report on standard error",
  )
  .argument("[file]", "mail to rewrite; standard input unless given")
  .requiredOption("--campaign <name>", "name of the campaign")
  .option("--contact <id>", "your own id of the contact")
  .option("--email <address>", "address of the contact")
  .option("--message-id <id>", "your own id of the message")
  .option("--recipient-tag <tag>", "a template: your ESP's merge tag in the recipient's place")
  .option(
    "--recipients <file>",
    "NDJSON, one {contact, message_id?} a line; one line of JSON out for each",
  )
  .option(
    "--utm-source <value>",
    "UTM parameter, also --utm-medium, -campaign, -term, -content, -id",
  )
  .addOption(new Option("--utm-medium <value>").hideHelp())
  .addOption(new Option("--utm-campaign <value>").hideHelp())
  .addOption(new Option("--utm-term <value>").hideHelp())
  .addOption(new Option("--utm-content <value>").hideHelp())
  .addOption(new Option("--utm-id <value>").hideHelp())
  .option("--option <name=value...>", "an option of the rewriter, as in the API")
  .option("--eml", "the input is a whole message (message/rfc822)")
  .option("--text", "the input is a text part")
  .option("--json", "print the API's JSON answer instead of the mail")
  .option("--quiet", "no report")
  .action(async (file, options) => (await import("./cli/rewrite.ts")).rewrite(file, options));

program
  .command("explain-url")
  .description(
    "take a tracking URL apart: campaign, link, destination, whether its signatures hold",
  )
  .argument("<url>")
  .option("--json", "print JSON")
  .action(async (url, options) => (await import("./cli/explain-url.ts")).explainUrl(url, options));

program
  .command("migrate")
  .description("bring the database to this release's schema")
  .option("--status", "only say what would be done")
  .action(async (options) => (await import("./cli/migrate.ts")).runMigrations(options));

program
  .command("rejudge")
  .description(
    "judge every hit again, such as after a change of rules; reports serve the old verdicts meanwhile",
  )
  .action(async () => (await import("./cli/rejudge.ts")).rejudge());

program
  .command("export")
  .description("print everything of a kind, in the order in which it came")
  .addArgument(new Argument("<kind>").choices([...EXPORTS]))
  .option("--since <moment>", "from this date or time on, such as 2026-03-01")
  .option("--until <moment>", "before this date or time")
  .addOption(new Option("--format <format>").choices([...FORMATS]).default("ndjson"))
  .option(...IN_WORKSPACE)
  .action(async (kind, options) => (await import("./cli/export.ts")).exportAll(kind, options));

program
  .command("import")
  .description(
    "put history into the log: CSV or NDJSON; a row counts once, a killed import goes on",
  )
  .addArgument(new Argument("<kind>").choices(["events", "contacts"]))
  .argument("<file>", "file, or - for standard input")
  .option("--map <column=field...>", "where a column goes, such as Mail=email; empty leaves it out")
  .addOption(new Option("--format <format>", "by the file's ending").choices(["csv", "ndjson"]))
  .option("--source <name>", "what the history is from: ids are unique within it", "import")
  .option(...IN_WORKSPACE)
  .option("--refused <file>", "where refused rows go [FILE.refused.ndjson]")
  .option("--dry-run", "only show the first rows and every problem")
  .option("--quiet", "no progress")
  .action(async (kind, file, options) =>
    (await import("./cli/import.ts")).importFile(kind, file, options),
  );

program
  .command("retention")
  .description("delete what is older than RETENTION_DAYS; the service does it once a day")
  .option("--dry-run", "only count what would be deleted")
  .action(async (options) => (await import("./cli/retention.ts")).runRetention(options));

program
  .command("forget")
  .argument("<id>", "our id of the contact, or your own id or address")
  .description("erase a contact from every table and file; goes on where it was stopped")
  .option(...IN_WORKSPACE)
  .option("--json", "print the receipt as JSON")
  .action(async (id, options) => (await import("./cli/forget.ts")).forget(id, options));

program
  .command("replay")
  .description("read refused events again, such as after they were edited; each counts once")
  .option("--id <id>", "only this one")
  .option("--reason <code>", "only those refused for it, such as missing_event_name")
  .option(...IN_WORKSPACE)
  .option("--dry-run", "only count what would be read again")
  .action(async (options) => (await import("./cli/replay.ts")).replay(options));

const keys = program
  .command("keys")
  .description("API keys: create, list, revoke; rotate the secret that signs links");
keys
  .command("create")
  .requiredOption("--name <name>", "what the key is for")
  .addOption(
    new Option("--scope <scope...>", "what it may do").choices([...SCOPES]).makeOptionMandatory(),
  )
  .option("--expires <days>", "days until it ends, such as 90d")
  .option(...IN_WORKSPACE)
  .action(async (options) => (await import("./cli/keys.ts")).createKey(options));
keys
  .command("list")
  .option(...IN_WORKSPACE)
  .option("--json", "print JSON")
  .action(async (options) => (await import("./cli/keys.ts")).listKeys(options));
keys
  .command("revoke")
  .argument("<id>")
  .option(...IN_WORKSPACE)
  .action(async (id, options) => (await import("./cli/keys.ts")).revokeKey(id, options));

keys
  .command("rotate")
  .description("make a new secret for links; those of the present one go on working")
  .action(async () => (await import("./cli/rotate-secret.ts")).rotateSecret());

const users = program.command("users").description("people who sign in");
users
  .command("add")
  .argument("<email>")
  .description("add a person, or find one; prints a one-time sign-in address")
  .option(...IN_WORKSPACE)
  .action(async (email, options) => (await import("./cli/users.ts")).addUser(email, options));

try {
  await program.parseAsync();
} catch (error) {
  report(error);
  process.exitCode = FAILED;
}

/** One sentence and what to do about it; the stack only for what nobody foresaw. */
function report(error: unknown): void {
  if (!(error instanceof AppError)) {
    console.error(error instanceof Error ? error.stack : errorMessage(error));
    return;
  }
  console.error(`clicktrail: ${error.message}`);
  if (error.hint) console.error(error.hint);
}

function settingsHelp(): string {
  return describeSettings()
    .map(({ name, default: value, description }) => {
      const fallback = value === "" ? "" : ` [${value}]`;
      return `  ${name.padEnd(20)} ${description}${fallback}`;
    })
    .join("\n");
}
