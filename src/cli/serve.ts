import { DEFAULT_WORKSPACE_ID } from "../access/directory.ts";
import { type Config, loadConfig, mistypedSettings } from "../lib/config.ts";
import { errorCode } from "../lib/errors.ts";
import { createLogger, type Logger } from "../lib/log-lines.ts";
import { retry } from "../lib/retry.ts";
import { keepThreadsSmall } from "../lib/thread-memory.ts";
import { settlesWithin } from "../lib/within.ts";
import { type Service, startService } from "../server.ts";

interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
}

const FIRST_KEY = { name: "First key", scopes: ["rewrite", "collect", "read", "admin"] } as const;
const CLI_ACTOR = { kind: "system", id: "cli" } as const;

/** How long the first lines wait for a database that does not answer. */
const ENTRY_MS = 3000;

/** A stop that takes longer is cut: a report that runs on must not keep a node from restarting. */
const STOP_MS = 12_000;

/** `clicktrail serve`: starts the service, says how to reach it, and stops it on SIGTERM and SIGINT. */
export async function serve(options: ServeOptions, version: string): Promise<void> {
  const startedAt = performance.now();
  keepThreadsSmall();
  const config = loadConfig({ ...process.env, ...overrides(options) });
  const log = createLogger(config.LOG_LEVEL);
  warn(config);
  const service = await startService(config, log);
  await introduce(
    service,
    config,
    log,
    `${version}  ready in ${Math.round(performance.now() - startedAt)} ms`,
  );
  stopOnSignal(service, log);
}

function overrides({ port, host }: ServeOptions): NodeJS.ProcessEnv {
  return {
    ...(port === undefined ? {} : { PORT: port }),
    ...(host === undefined ? {} : { HOST: host }),
  };
}

function warn(config: Config): void {
  for (const { name, meant } of mistypedSettings(process.env)) {
    console.error(`Warning: ${name} is no setting. Did you mean ${meant}?`);
  }
  if (config.CLOCK_OFFSET_FILE !== undefined) {
    console.error(
      `WARNING: the clock is moved by ${config.CLOCK_OFFSET_FILE} (CLOCK_OFFSET_FILE). For tests only.`,
    );
  }
}

/** What a newcomer needs to see: where it is, how to get in, and the key that is shown only now. */
async function introduce(
  service: Service,
  config: Config,
  log: Logger,
  headline: string,
): Promise<void> {
  const { baseUrl, localUrl } = service;
  const lines = [`clicktrail ${headline}`, line("Listening", localUrl)];
  if (baseUrl !== localUrl) lines.push(line("Public", baseUrl));
  let entry: readonly string[] | undefined;
  const found = describeEntry(service, config).then((described) => {
    entry = described;
  });
  if (await settlesWithin(found, ENTRY_MS)) lines.push(...(entry ?? []));
  else {
    lines.push(line("Open", "(the database cannot be used yet: see /readyz)"));
    found.then(
      () => print(entry ?? []),
      (error: unknown) => log.error({ err: error }, "No sign-in link could be made."),
    );
  }
  lines.push(
    line(
      "Data",
      config.DATABASE_URL === undefined ? `${config.DATA_DIR} (SQLite)` : config.DATA_DIR,
    ),
  );
  lines.push(
    line(
      "Try it",
      `echo '<a href="https://example.com">hi</a>' | npx clicktrail rewrite --campaign hello`,
    ),
  );
  print(lines);
}

function print(lines: readonly string[]): void {
  console.log(`\n${lines.map((text) => `  ${text}`).join("\n")}\n`);
}

/** How to get in. It writes to the database, so it waits as long as that is away. */
function describeEntry(service: Service, config: Config): Promise<readonly string[]> {
  return retry(
    async () => {
      const path = await service.access.createSignInPath();
      const key = await createFirstKey(service, config);
      return [
        line("Open", `${service.baseUrl}${path}`),
        line("", "(signs you in once, for 15 minutes)"),
        ...(key === undefined ? [] : [line("API key", key), line("", "(shown only this once)")]),
      ];
    },
    {
      pausesMs: [1000],
      goesOn: (error) => ["storage_unavailable", "not_ready"].includes(errorCode(error) ?? ""),
      signal: new AbortController().signal,
    },
  );
}

function line(label: string, text: string): string {
  return `${label.padEnd(11)}${text}`;
}

async function createFirstKey({ access }: Service, config: Config): Promise<string | undefined> {
  if (config.API_KEY !== undefined) return undefined;
  const keys = await access.listKeys(DEFAULT_WORKSPACE_ID);
  if (keys.some(({ kind }) => kind === "secret")) return undefined;
  return (await access.createApiKey(DEFAULT_WORKSPACE_ID, FIRST_KEY, CLI_ACTOR)).key;
}

/** The first signal drains; a second one means it: everything answered is on disk already. */
function stopOnSignal(service: Service, log: Logger): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, "Stopping: answering what was accepted.");
    setTimeout(() => process.exit(1), STOP_MS).unref();
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "The stop failed; the journal keeps what was answered.");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}
