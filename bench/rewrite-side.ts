import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { load } from "cheerio";
import { loadBuiltEmail } from "./built.ts";
import { loadMails } from "./email-corpus.ts";
import { median } from "./figure.ts";
import { freshTokens, rewriteOne } from "./rewrite-one.ts";

const THIS_FILE = fileURLToPath(import.meta.url);
const PASSES = 5;
/** CPU time before the first measured pass: until then both also compile. */
const WARM_UP_S = 3;

/** One of the two that are compared, in a process of its own. */
export interface Side {
  /** Megabytes of mail a second of CPU time, garbage collection included. */
  measure(): Promise<number>;
  stop(): void;
}

/** Starts the process of one side. */
export function startSide(name: "ours" | "cheerio"): Side {
  const child = fork(THIS_FILE, [name], { execArgv: ["--import", "tsx"] });
  return {
    async measure() {
      child.send("measure");
      const [speed] = await once(child, "message");
      return Number(speed);
    },
    stop: () => void child.kill(),
  };
}

async function runSide(name: string): Promise<void> {
  const { mails } = await loadMails();
  const megabytes = mails.reduce((sum, mail) => sum + Buffer.byteLength(mail), 0) / 1e6;
  const pass = name === "cheerio" ? () => mails.forEach(parseAndSerialize) : await ourPass(mails);
  for (let warm = 0; warm < WARM_UP_S; ) warm += cpuSecondsOf(pass);
  process.on("message", () => {
    const speeds = Array.from({ length: PASSES }, () => megabytes / cpuSecondsOf(pass));
    process.send?.(median(speeds));
  });
}

function parseAndSerialize(mail: string): void {
  load(mail).html();
}

async function ourPass(mails: readonly string[]): Promise<() => void> {
  const built = await loadBuiltEmail();
  let passes = 0;
  return () => {
    const tokens = freshTokens(built, passes++);
    for (const mail of mails) rewriteOne(built, mail, tokens);
  };
}

function cpuSecondsOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

if (process.argv[1] === THIS_FILE) await runSide(process.argv[2] ?? "");
