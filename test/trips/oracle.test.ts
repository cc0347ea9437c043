import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { API_KEY, disposeService, type RunningService, startService } from "../support/service.ts";

const run = promisify(execFile);
const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  console.warn(
    "\n!!! CLICKTRAIL_FIXTURES is not set: the independent judge of rewriting does NOT run.\n",
  );
}

/** What the judge knows nothing of: our policies. */
const OPTIONS = { track_unsubscribe: true, track_userinfo: true, use_base: false };
const UTM = { utm_source: "news letter", utm_medium: "email" };
const JUDGED = ["--utm", "utm_source=news letter,utm_medium=email", "--fill"];
const TWICE = ["--idempotent"];

describe.runIf(fixtures !== undefined)("an independent judge of rewriters", () => {
  const folder = fixtures ?? "";
  let service: RunningService;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => disposeService(service));

  async function judge(corpus: string, args: readonly string[]): Promise<string> {
    const oracle = path.join(folder, "oracle/oracle.mjs");
    const all = [oracle, "--corpus", path.join(folder, corpus), ...args, ...JUDGED];
    // More at once would be no quicker, and starve the tests beside it.
    const atOnce = ["--concurrency", String(availableParallelism())];
    const base = ["--tracking-base", `${service.url}/c/`, "--quiet", ...atOnce];
    const { stdout } = await run(process.execPath, [...all, ...base], { maxBuffer: 1e8 }).catch(
      (error: { stdout: string; stderr: string }) => {
        throw new Error(`${error.stdout}${error.stderr}`.slice(-6000));
      },
    );
    return stdout;
  }

  function throughHttp(): string[] {
    const extra = { campaign: "oracle", contact: { id: "c1" }, utm: UTM, options: OPTIONS };
    return [
      ...["--http", `${service.url}/v1/rewrite`],
      ...["--body-field", "html", "--response-field", "html"],
      ...["--header", `authorization: Bearer ${API_KEY}`],
      ...["--body-extra", JSON.stringify(extra)],
    ];
  }

  function throughCli(): string[] {
    const options = Object.entries(OPTIONS).map(([name, value]) => `--option ${name}=${value}`);
    const command = [
      `DATA_DIR=${service.dataDir} BASE_URL=${service.url}`,
      `${process.execPath} dist/cli.js rewrite --quiet --campaign oracle --contact c1`,
      `--utm-source 'news letter' --utm-medium email`,
      ...options,
    ];
    return ["--cmd", command.join(" ")];
  }

  it.each(["corpus", "edge"])(
    "finds no fault in %s through the API",
    { timeout: 1_200_000 },
    async (corpus) => {
      expect(await judge(corpus, [...throughHttp(), ...TWICE])).toMatch(/^all \d+ files passed$/m);
    },
  );

  // A process each takes half a second, and behind it is what the API has just been judged by.
  it.each([
    { what: "100 files of corpus", corpus: "corpus", args: ["--limit", "100"] },
    { what: "edge", corpus: "edge", args: TWICE },
  ])(
    "finds no fault in $what through the command line",
    { timeout: 1_200_000 },
    async ({ corpus, args }) => {
      expect(await judge(corpus, [...throughCli(), ...args])).toMatch(/^all \d+ files passed$/m);
    },
  );
});
