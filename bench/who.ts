import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hit, MailFacts } from "../src/traffic/define.ts";
import type * as Judge from "../src/traffic/judge.ts";
import type * as Signals from "../src/traffic/signals.ts";
import { type BenchFigure, median } from "./figure.ts";
import { startService } from "./processes.ts";

const GROUPS = 400;
const HITS_A_GROUP = 25;
const ROUNDS = 5;
const JUDGE_GOAL_US = 50;

const EVENTS = 10_000;
const EVENTS_A_REQUEST = 500;
const EVENT_EVERY_MS = 2 * 60_000;
const REASSIGN_GOAL_MS = 1000;
const REDIRECT_EVERY_MS = 5;
const QUIET_MS = 3000;
/** What a redirect may take longer while a large visitor is computed again: the machine has few cores. */
const REDIRECT_SLACK_MS = 25;

const PORT = 4340;
const API_KEY = "bench-api-key-0123456789";
const WRITE_KEY = "bench-write-key-0123456789";
const CHROME = {
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "accept-language": "en",
  "sec-ch-ua": '"Chromium";v="126"',
  "sec-fetch-mode": "navigate",
};

/** What judging costs, and what it costs to give a large visitor another owner. */
export async function benchWho(): Promise<BenchFigure[]> {
  return [await judging(), ...(await reassigning())];
}

/** Every hit of a mail looks at all others of it: 25 hits on 8 links within a minute. */
async function judging(): Promise<BenchFigure> {
  const load = (file: string) => import(new URL(`../dist/traffic/${file}`, import.meta.url).href);
  const { judge }: typeof Judge = await load("judge.js");
  const { loadSignals }: typeof Signals = await load("signals.js");
  const signals = await loadSignals();
  const mail: MailFacts = {
    links: new Set(Array.from({ length: 8 }, (_, link) => String(link))),
    traps: new Set(["9"]),
    unsubscribes: new Set(["7"]),
    deliveredAt: 0,
  };
  const groups = Array.from({ length: GROUPS }, (_, group) => hitsOf(group));
  const run = (): number => {
    const startedAt = performance.now();
    for (const hits of groups) judge(hits, { signals, mailOf: () => mail });
    return ((performance.now() - startedAt) * 1000) / (GROUPS * HITS_A_GROUP);
  };
  run();
  const us = median(Array.from({ length: ROUNDS }, run));
  return {
    name: `judge a hit among ${HITS_A_GROUP} of its mail`,
    value: `${us.toFixed(1)} us`,
    goal: `<= ${JUDGE_GOAL_US} us`,
    met: us <= JUDGE_GOAL_US,
  };
}

function hitsOf(group: number): Hit[] {
  const { "user-agent": userAgent, ...headers } = CHROME;
  return Array.from({ length: HITS_A_GROUP }, (_, index) => ({
    id: `${group} ${index}`,
    kind: "click",
    at: 40_000 + index * 2400,
    method: "GET",
    message: `m${group}`,
    contact: `c${group}`,
    link: String(index % 8),
    address: `192.0.${group % 250}.0`,
    network: index % 5 === 0 ? "hosting" : null,
    userAgent,
    headers,
    tls: true,
    engaged: false,
    returning: false,
  }));
}

/** A visitor with 10,000 events says who they are: all of them get an owner, while redirects go on. */
async function reassigning(): Promise<BenchFigure[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const env = { DATA_DIR: dataDir, API_KEY, WRITE_KEY, LOG_LEVEL: "warn", DATABASE_URL: "" };
  const server = await startService(env, PORT);
  try {
    await sendAnonymousEvents();
    const link = await makeLink();
    await untilSettled();
    const quiet = await redirectsDuring(link, sleep(QUIET_MS));
    await untilSettled();
    const startedAt = performance.now();
    const reassigned = identify().then(untilOwned);
    const during = await redirectsDuring(link, reassigned);
    const ms = (await reassigned) - startedAt;
    return [
      {
        name: `reassign a visitor of ${EVENTS.toLocaleString("en")} events`,
        value: `${Math.round(ms)} ms from the call to the journey`,
        goal: `< ${REASSIGN_GOAL_MS} ms`,
        met: ms < REASSIGN_GOAL_MS,
      },
      {
        name: "redirects meanwhile",
        value: `p99 ${during.toFixed(1)} ms, undisturbed ${quiet.toFixed(1)} ms`,
        goal: `+ ${REDIRECT_SLACK_MS} ms at most`,
        met: during <= quiet + REDIRECT_SLACK_MS,
      },
    ];
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function call(method: string, route: string, key: string, body?: unknown): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${PORT}${route}`, {
    method,
    headers: { ...CHROME, authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status >= 500 || (method === "POST" && !response.ok)) {
    throw new Error(`${route} answered ${response.status}: ${await response.text()}`);
  }
  return response;
}

/** Two minutes apart, the newest now: many sessions, and no machine's pace. */
async function sendAnonymousEvents(): Promise<void> {
  const first = Date.now() - EVENTS * EVENT_EVERY_MS;
  for (let from = 0; from < EVENTS; from += EVENTS_A_REQUEST) {
    const batch = Array.from({ length: EVENTS_A_REQUEST }, (_, index) => ({
      type: "page",
      anonymousId: "bench-visitor",
      timestamp: new Date(first + (from + index) * EVENT_EVERY_MS).toISOString(),
      properties: { url: `https://shop.example/page/${index}` },
    }));
    await call("POST", "/v1/batch", WRITE_KEY, { batch, sentAt: new Date().toISOString() });
  }
}

async function makeLink(): Promise<string> {
  const response = await call("POST", "/v1/rewrite", API_KEY, {
    html: '<a href="https://shop.example/">x</a>',
    campaign: "bench",
    contact: { id: "reader" },
  });
  const { links } = (await response.json()) as { links: { tracking_url: string }[] };
  return new URL(links[0]?.tracking_url ?? "").pathname;
}

async function identify(): Promise<void> {
  await call("POST", "/v1/identify", WRITE_KEY, { anonymousId: "bench-visitor", userId: "owner" });
}

/** Resolves to the moment at which the journey of the owner is there. */
async function untilOwned(): Promise<number> {
  for (;;) {
    const response = await call("GET", "/v1/contacts/owner/journey?limit=200", API_KEY);
    const body = await response.text();
    if (response.ok && (JSON.parse(body) as { next: string | null }).next !== null) {
      return performance.now();
    }
    await sleep(20);
  }
}

async function untilSettled(): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${PORT}/readyz`);
    const { settled } = (await response.json()) as { settled: boolean };
    if (settled) return;
    await sleep(100);
  }
}

/** The 99th percentile of redirects, one every few milliseconds, until something is done. */
async function redirectsDuring(link: string, done: Promise<unknown>): Promise<number> {
  let isDone = false;
  void done.finally(() => {
    isDone = true;
  });
  const latencies: number[] = [];
  while (!isDone) {
    const startedAt = performance.now();
    const response = await fetch(`http://127.0.0.1:${PORT}${link}`, { redirect: "manual" });
    await response.arrayBuffer();
    latencies.push(performance.now() - startedAt);
    await sleep(REDIRECT_EVERY_MS);
  }
  latencies.sort((a, b) => a - b);
  return latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
}
