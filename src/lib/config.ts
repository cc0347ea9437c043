import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError, type FieldError } from "./errors.ts";
import { formatBytes } from "./format-bytes.ts";
import { nearest } from "./nearest.ts";
import { parseRetention, type Retention } from "./retention.ts";

const KEY_FORM = /^[A-Za-z0-9_-]{16,128}$/;
const KEY_RULE = "must be 16 to 128 letters, digits, - or _";

/** Every setting: what it accepts, its default, and the sentence that `--help` and the docs print. */
const settings = {
  PORT: z.coerce
    .number("must be a port number")
    .int()
    .min(0)
    .max(65_535)
    .default(3000)
    .describe("Port to listen on; 0 takes a free one."),
  HOST: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("Address to listen on; 0.0.0.0 for every interface."),
  BASE_URL: z
    .string()
    .refine(isHttpUrl, "must be an http(s) URL such as https://click.example.com")
    .optional()
    .describe("Public address inside mails; default http://HOST:PORT."),
  DATABASE_URL: z
    .string()
    .refine(isDatabaseUrl, "must begin with file: or postgres://")
    .optional()
    .describe("file:… (SQLite) or postgres://…; default a SQLite file in DATA_DIR."),
  DATA_DIR: z
    .string()
    .min(1)
    .default("./data")
    .describe("Folder of the journal, the SQLite database and the generated secret."),
  SECRET: z
    .string()
    .min(16, "must be at least 16 characters")
    .optional()
    .describe("Signs links; default: made once and kept in DATA_DIR. Required with PostgreSQL."),
  SECRET_PREVIOUS: z
    .string()
    .transform((list) => list.split(",").filter((part) => part !== ""))
    .default([])
    .describe("Earlier secrets, comma-separated: links signed by them go on working."),
  TRUST_PROXY: z
    .string()
    .refine(isProxyTrust, "must be a number of hops or a list of addresses and CIDRs")
    .default("0")
    .describe("Proxies whose X-Forwarded-* count: hops, or addresses and CIDRs, comma-separated."),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info")
    .describe("Least severe log line that is written."),
  IP_MODE: z
    .enum(["truncate", "hash", "full", "none"])
    .default("truncate")
    .describe("How addresses are stored: truncate to /24 and /48, hash, full, or none."),
  RETENTION_DAYS: z
    .string()
    .refine(
      (text) => parseRetention(text) !== undefined,
      "must be days, such as 400, or 400,open=30,page=90 (0 keeps for ever)",
    )
    .default("0")
    .describe(
      "Days that events are kept, 0 for ever; single types behind it: 400,open=30,page=90.",
    ),
  GPC_MODE: z
    .enum(["no-share", "no-join"])
    .default("no-share")
    .describe(
      "What Sec-GPC means: no-share keeps visits first-party, no-join also joins them to nobody.",
    ),
  CLICK_PARAM: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,15}$/i, "must be 1 to 16 letters, digits or _")
    .default("jt")
    .describe("Query parameter that carries the click to a registered site."),
  LINK_FALLBACK_URL: z
    .string()
    .refine(isHttpUrl, "must be an http(s) URL such as https://example.com")
    .transform((url) => new URL(url).href)
    .optional()
    .describe(
      "Where stopped and expired links lead that have no fallback; default a page of ours.",
    ),
  NEW_HOSTS_PER_DAY: z.coerce
    .number("must be a whole number")
    .int()
    .min(0)
    .default(100)
    .describe(
      "Hosts a day that the links of an added workspace may newly lead to; 0 sets no limit.",
    ),
  SECURITY_CONTACT: z
    .string()
    .transform((text) => (/^[^\s:@]+@[^\s@]+$/.test(text) ? `mailto:${text}` : text))
    .refine(
      (text) => /^(mailto:\S+@|https:\/\/|tel:)\S+$/.test(text),
      "must be an address, or a mailto:, https: or tel: URI",
    )
    .optional()
    .describe("Whom /.well-known/security.txt names; without it there is no such file."),
  BODY_LIMIT: byteSize("5mb").describe("Largest email that the rewriter takes."),
  MAX_CONNECTIONS: z.coerce
    .number("must be a number")
    .int()
    .min(10)
    .max(1_000_000)
    .default(10_000)
    .describe("Connections at a time; the limit of open files must be higher."),
  JOURNAL_SEGMENT: byteSize("16mb").describe(
    "Size at which a journal file is closed and the next begun.",
  ),
  JOURNAL_LIMIT: byteSize("1gb").describe(
    "Journal that may wait for the database; above it collection answers 429.",
  ),
  DISK_WAIT_MS: z.coerce
    .number("must be a number of milliseconds")
    .int()
    .min(10)
    .max(10_000)
    .default(50)
    .describe(
      "Longest wait of a reader for the disk, in milliseconds; then the redirect goes out, and the hit counts as late.",
    ),
  METRICS_TOKEN: z
    .string()
    .min(8, "must be at least 8 characters")
    .optional()
    .describe(
      "Bearer token that /metrics asks for; without it /metrics is open to all who reach the port.",
    ),
  ADMIN_EMAIL: z
    .email("must be an email address")
    .optional()
    .describe("Address of the first user; signs in with ADMIN_PASSWORD."),
  ADMIN_PASSWORD: z
    .string()
    .min(12, "must be at least 12 characters")
    .optional()
    .describe("Password of the first user."),
  API_KEY: z
    .string()
    .regex(KEY_FORM, KEY_RULE)
    .optional()
    .describe("A secret key with every scope, set at start for automation."),
  WRITE_KEY: z
    .string()
    .regex(KEY_FORM, KEY_RULE)
    .optional()
    .describe("A site key set at start: the built-in site of the default workspace."),
  NETWORKS_FILE: z
    .string()
    .optional()
    .describe("JSON file of CIDR to network class (scanner_certain, hosting, …)."),
  CLOCK_OFFSET_FILE: z
    .string()
    .optional()
    .describe("For tests: file with milliseconds to add to the clock."),
};

function byteSize(fallback: string) {
  return z
    .string()
    .transform(parseBytes)
    .refine((bytes) => bytes > 0, "must be a size such as 5mb or 500kb")
    .prefault(fallback);
}

const schema = z.object(settings);

/** The service's settings, checked, with their defaults. `BODY_LIMIT` is in bytes. */
export type Config = z.output<typeof schema>;

/** One line of `--help` and of the settings table in the docs. */
export interface SettingDescription {
  readonly name: string;
  readonly default: string;
  readonly description: string;
}

/**
 * Reads the settings from environment variables; each may come as `NAME_FILE`, the path of a file that
 * holds the value (Docker and Kubernetes secrets).
 *
 * @throws {AppError} `invalid_config` listing every mistake at once
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const { values, errors } = collectValues(env);
  const result = schema.safeParse(values);
  const wrong = result.success ? [] : result.error.issues.map(toFieldError);
  const all = [...errors, ...wrong];
  if (result.success && all.length === 0) return result.data;
  const sentences = all.map(({ pointer, message }) => `${pointer} ${message}`);
  throw new AppError("invalid_config", 500, `Settings are wrong: ${sentences.join("; ")}.`, {
    errors: all,
    hint: "See `clicktrail serve --help` for every setting.",
  });
}

/** Names in the environment that look like ours but are mistyped: `BASEURL` for `BASE_URL`. */
export function mistypedSettings(env: NodeJS.ProcessEnv): { name: string; meant: string }[] {
  const known = Object.keys(settings);
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name) || known.includes(name.replace(/_FILE$/, ""))) return [];
    const folded = name.replaceAll("_", "");
    const meant = known.find((candidate) => candidate.replaceAll("_", "") === folded);
    const near =
      meant ?? (name.startsWith("CLICKTRAIL_") ? nearest(name.slice(11), known) : undefined);
    return near ? [{ name, meant: near }] : [];
  });
}

/** How long each kind of row is kept. */
export function retentionOf({ RETENTION_DAYS }: Config): Retention {
  const retention = parseRetention(RETENTION_DAYS);
  if (!retention) throw new Error(`RETENTION_DAYS ${RETENTION_DAYS} was not checked.`);
  return retention;
}

/**
 * The public address that mails and sign-in links carry, without a trailing slash.
 *
 * @param port where the service really listens, when PORT is 0
 */
export function publicUrl(config: Config, port: number = config.PORT): string {
  return (config.BASE_URL ?? `http://${displayHost(config.HOST)}:${port}`).replace(/\/+$/, "");
}

/** How a person reaches an address to listen on: one that means every interface is this machine. */
export function displayHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** All settings in the order of the docs. */
export function describeSettings(): SettingDescription[] {
  return Object.entries(settings).map(([name, setting]) => {
    const fallback = setting.safeParse(undefined);
    const value = fallback.success ? fallback.data : undefined;
    return {
      name,
      default: value === undefined ? "" : showDefault(name, value),
      description: setting.description ?? "",
    };
  });
}

function showDefault(name: string, value: unknown): string {
  const isSize = typeof value === "number" && /_(LIMIT|SEGMENT)$/.test(name);
  return isSize ? formatBytes(value).replace(" ", "").toLowerCase() : String(value);
}

function collectValues(env: NodeJS.ProcessEnv) {
  const values: Record<string, string> = {};
  const errors: FieldError[] = [];
  for (const name of Object.keys(settings)) {
    const direct = env[name];
    const file = name.endsWith("_FILE") ? undefined : env[`${name}_FILE`];
    if (direct !== undefined && direct !== "") values[name] = direct;
    else if (file !== undefined && file !== "") readSettingFile(name, file, values, errors);
  }
  return { values, errors };
}

function readSettingFile(
  name: string,
  file: string,
  values: Record<string, string>,
  errors: FieldError[],
): void {
  try {
    values[name] = readFileSync(file, "utf8").trim();
  } catch {
    errors.push({
      pointer: `${name}_FILE`,
      message: `names a file that cannot be read: ${path.resolve(file)}`,
    });
  }
}

function toFieldError(issue: z.core.$ZodIssue): FieldError {
  return { pointer: issue.path.map(String).join("."), message: issue.message };
}

function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === "http:" || url?.protocol === "https:") && url.username === "";
}

function isDatabaseUrl(text: string): boolean {
  return /^(file:|postgres(ql)?:\/\/)./.test(text);
}

function isProxyTrust(text: string): boolean {
  return /^\d+$/.test(text) || /^[0-9a-f.:/, ]+$/i.test(text);
}

/** `5mb`, `500 kb` or plain bytes; decimal units. NaN when it is neither. */
function parseBytes(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*(k?b?|mb?|gb?)$/i.exec(text.trim()) ?? [];
  const factor = { k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase().charAt(0)] ?? 1;
  return digits === undefined ? Number.NaN : Number(digits) * factor;
}
