import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Engine } from "../../src/db/db.ts";
import type { EventRow } from "../../src/log/event.ts";
import type { Hit, MailFacts, Signal, Verdict } from "../../src/traffic/define.ts";
import { judge } from "../../src/traffic/judge.ts";
import { createNetworks } from "../../src/traffic/networks.ts";
import { loadSignals } from "../../src/traffic/signals.ts";
import type { CaseFailure, CaseReport } from "./case-file.ts";
import { SHARED } from "./database.ts";
import setup from "./global-setup.ts";
import { shuffled, toRounds } from "./shuffle.ts";
import { createTrafficDriver, type TrafficDriver } from "./traffic-driver.ts";
import { factsOfCase } from "./traffic-facts.ts";

const verdictName = z.enum(["human", "machine", "prefetch"]);

const caseHit = z.object({
  id: z.string(),
  t: z.number(),
  kind: z.enum(["click", "open"]),
  method: z.string(),
  link: z.string().nullish(),
  contact: z.string().nullish(),
  message: z.string().nullish(),
  ip: z.string().nullish(),
  headers: z.record(z.string(), z.string()).default({}),
  secure: z.boolean().default(true),
  engaged: z.boolean().default(false),
  returning: z.boolean().default(false),
  expect: verdictName,
  expect_at_arrival: verdictName.optional(),
  expect_certainty: z.enum(["high", "low", "certain", "probable"]).optional(),
  accept: z.array(verdictName).optional(),
});

const caseMail = z.object({
  id: z.string(),
  links: z.array(z.string()).default([]),
  unsubscribe: z.string().nullish(),
  honeypot: z.string().nullish(),
  sent_at: z.number().nullish(),
  delivered_at: z.number().nullish(),
});

const caseFile = z.object({
  networks: z.record(z.string(), z.string()).default({}),
  cases: z.array(
    z.object({
      id: z.string(),
      debatable: z.unknown().optional(),
      message: caseMail.optional(),
      messages: z.array(caseMail).optional(),
      hits: z.array(caseHit),
    }),
  ),
});

export type CaseHit = z.infer<typeof caseHit>;
export type CaseMail = z.infer<typeof caseMail>;

/** One traffic case, ready to be judged by whatever judges. */
export interface TrafficCase {
  readonly id: string;
  readonly isDebatable: boolean;
  readonly mails: readonly CaseMail[];
  readonly hits: readonly CaseHit[];
}

/** A case in one order of arrival, with the hits that have come so far. */
interface Trial {
  readonly given: TrafficCase;
  readonly hits: readonly CaseHit[];
  /** The hit that has just arrived, where its verdict at that moment is asked for; else the final ones are. */
  readonly arrived: CaseHit | null;
}

/** Judges trials; one map a trial names each hit's verdict. */
type JudgeTrials = (
  trials: readonly Trial[],
) => Promise<readonly ReadonlyMap<string, Verdict>[]> | readonly ReadonlyMap<string, Verdict>[];

/** Reads a file of traffic cases, and its networks as a classifier. */
export async function readTrafficCases(file: string): Promise<{
  cases: readonly TrafficCase[];
  classify: ReturnType<typeof createNetworks>;
}> {
  const parsed = caseFile.parse(JSON.parse(await readFile(file, "utf8")));
  const cases = parsed.cases.map(({ id, debatable, message, messages = [], hits }) => ({
    id,
    isDebatable: Boolean(debatable),
    mails: message ? [message, ...messages] : messages,
    hits,
  }));
  return { cases, classify: createNetworks(parsed.networks) };
}

/** Shuffles of each case unless told otherwise: the database is slower than a function. */
const SHUFFLES = { pure: 200, stored: 5 } as const;

/**
 * Runs a file of traffic cases: the final verdicts in many orders, and the verdict of each hit at its
 * arrival, when only hits with a smaller time have come.
 *
 * @param engine through the projection on this engine; without one through the pure judge
 */
export async function runTrafficCases(
  file: string,
  { shuffles, engine }: { shuffles?: number; engine?: Engine } = {},
): Promise<CaseReport> {
  return engine === undefined
    ? await runPure(file, shuffles ?? SHUFFLES.pure)
    : await runStored(file, shuffles ?? SHUFFLES.stored, engine);
}

async function runPure(file: string, shuffles: number): Promise<CaseReport> {
  const { cases, classify } = await readTrafficCases(file);
  const signals = await loadSignals();
  return await reportCases(cases, shuffles, (trials) =>
    trials.map(({ given, hits }) => judgeCase(given, hits, classify, signals)),
  );
}

/** The pure judge's verdicts on some hits of a case. */
export function judgeCase(
  given: TrafficCase,
  hits: readonly CaseHit[],
  classify: ReturnType<typeof createNetworks>,
  signals: readonly Signal[],
): Map<string, Verdict> {
  return judge(
    hits.map((hit) => toHit(hit, classify(hit.ip ?? undefined))),
    { signals, mailOf: (hit) => mailOf(given, hit) },
  );
}

/** Orders that share a transaction: many, or commits cost more than judging. */
const ORDERS_A_FEED = 500;

/**
 * Every trial in a workspace of its own, the facts about the mail mixed in, too. An order that comes
 * again is judged once: four facts have 24.
 */
async function runStored(file: string, shuffles: number, engine: Engine): Promise<CaseReport> {
  const { cases, classify } = await readTrafficCases(file);
  const teardown =
    process.env[SHARED.sqliteTemplate] === undefined ? await setup() : () => Promise.resolve();
  const driver = await createTrafficDriver(engine);
  try {
    return await reportCases(cases, shuffles, async (trials) => {
      const orders = new Map<string, EventRow[]>();
      const keys = trials.map(({ given: { id, mails }, hits }, index) => {
        const workspaceId = orders.size + 1;
        const facts = shuffled(factsOfCase({ mails, hits }, workspaceId, classify), index + 1);
        const key = JSON.stringify([id, ...facts.map(({ event_id }) => event_id)]);
        if (!orders.has(key)) orders.set(key, facts);
        return key;
      });
      await feedOrders(driver, [...orders.values()]);
      const found = await driver.allVerdicts();
      const workspaceOf = new Map([...orders.keys()].map((key, index) => [key, index + 1]));
      return keys.map((key) => found.get(workspaceOf.get(key) ?? 0) ?? new Map());
    });
  } finally {
    await driver.dispose();
    await teardown();
  }
}

async function feedOrders(driver: TrafficDriver, orders: readonly EventRow[][]): Promise<void> {
  for (let from = 0; from < orders.length; from += ORDERS_A_FEED) {
    await driver.feedRounds(toRounds(orders.slice(from, from + ORDERS_A_FEED)));
  }
}

/** Compares what a judge says with what the cases expect, each in its own order and many others. */
async function reportCases(
  cases: readonly TrafficCase[],
  shuffles: number,
  judgeTrials: JudgeTrials,
): Promise<CaseReport> {
  const trials = cases.flatMap((given) => trialsOf(given, shuffles));
  const verdicts = await judgeTrials(trials);
  const failures = new Map<TrafficCase, Map<string, CaseFailure>>();
  trials.forEach((trial, index) => {
    const own = failures.get(trial.given) ?? new Map<string, CaseFailure>();
    failures.set(trial.given, own);
    for (const failure of compare(trial, verdicts[index])) own.set(failure.id, failure);
  });
  const found = [...failures].filter(([, own]) => own.size > 0);
  const listed = (isDebatable: boolean): CaseFailure[] =>
    found.flatMap(([given, own]) => (given.isDebatable === isDebatable ? [...own.values()] : []));
  return {
    passed: cases.length - found.length,
    failed: listed(false),
    debatable: listed(true),
  };
}

function trialsOf(given: TrafficCase, shuffles: number): Trial[] {
  const orders = Array.from({ length: shuffles + 1 }, (_, seed) => ({
    given,
    hits: seed === 0 ? given.hits : shuffled(given.hits, seed),
    arrived: null,
  }));
  const arrivals = given.hits.flatMap((hit) =>
    hit.expect_at_arrival === undefined
      ? []
      : [
          {
            given,
            hits: given.hits.filter((other) => other.t < hit.t || other.id === hit.id),
            arrived: hit,
          },
        ],
  );
  return [...orders, ...arrivals];
}

function compare(
  { given, hits, arrived }: Trial,
  verdicts: ReadonlyMap<string, Verdict> | undefined,
): CaseFailure[] {
  const failures = arrived
    ? [compareArrival(given.id, arrived, verdicts?.get(arrived.id))]
    : hits.map((hit) => compareFinal(given.id, hit, verdicts?.get(hit.id)));
  return failures.filter((failure) => failure !== undefined);
}

function compareFinal(
  id: string,
  hit: CaseHit,
  found: Verdict | undefined,
): CaseFailure | undefined {
  const accepted: readonly string[] = [hit.expect, ...(hit.accept ?? [])];
  const certainty = { certain: "high", probable: "low", high: "high", low: "low" } as const;
  const wanted = hit.expect_certainty && certainty[hit.expect_certainty];
  const isCertaintyOff = wanted && found?.verdict === hit.expect && found.certainty !== wanted;
  if (found && accepted.includes(found.verdict) && !isCertaintyOff) return undefined;
  return {
    id: `${id}/${hit.id}`,
    expected: [accepted.join(" or "), wanted].filter(Boolean).join(" "),
    found: describeVerdict(found),
  };
}

function compareArrival(
  id: string,
  hit: CaseHit,
  found: Verdict | undefined,
): CaseFailure | undefined {
  if (found?.verdict === hit.expect_at_arrival) return undefined;
  return {
    id: `${id}/${hit.id} at arrival`,
    expected: hit.expect_at_arrival ?? "",
    found: describeVerdict(found),
  };
}

function describeVerdict(found: Verdict | undefined): string {
  if (!found) return "nothing";
  const reasons = found.reasons.map(({ signal, weight }) => `${signal} ${weight}`).join(", ");
  return `${found.verdict} ${found.certainty} (${found.score}: ${reasons})`;
}

function toHit(hit: CaseHit, network: string | undefined): Hit {
  const { "user-agent": userAgent = "", ...headers } = hit.headers;
  return {
    id: hit.id,
    kind: hit.kind,
    at: hit.t,
    method: hit.method,
    message: hit.message ?? null,
    contact: hit.contact ?? null,
    link: hit.link ?? null,
    address: hit.ip ?? null,
    network: network ?? null,
    userAgent,
    headers,
    tls: hit.secure,
    engaged: hit.engaged,
    returning: hit.returning,
  };
}

function mailOf({ mails }: TrafficCase, hit: Hit): MailFacts {
  const mail = mails.find(({ id }) => id === hit.message);
  return {
    links: new Set(mail?.links),
    traps: new Set(mail?.honeypot ? [mail.honeypot] : []),
    unsubscribes: new Set(mail?.unsubscribe ? [mail.unsubscribe] : []),
    deliveredAt: mail?.delivered_at ?? mail?.sent_at ?? null,
  };
}
