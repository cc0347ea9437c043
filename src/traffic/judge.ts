import type { Hit, MailFacts, Reason, Signal, Trace, Verdict, View } from "./define.ts";
import { createNeighbourhoods, traceOf } from "./neighbourhood.ts";
import { settleByName } from "./prefetch.ts";
import { readAgent } from "./user-agent.ts";

/** Raise it with any change of what a hit is judged to be, or is kept of it; the projection then judges all again. */
export const RULES_VERSION = 4;

/** Machine from here on, given two witnesses or a certain one. */
const MACHINE_SCORE = 60;
/** Human, but doubtful, from here on. */
const DOUBTFUL_SCORE = 40;

/** What the judgement needs beside the hits. */
export interface Situation {
  readonly signals: readonly Signal[];
  /** Facts of the mail a hit belongs to. */
  mailOf(hit: Hit): MailFacts;
  /** More neighbours, which are not to be judged themselves. */
  readonly traces?: readonly Trace[];
}

interface Fired {
  readonly signal: Signal;
  readonly reason: Reason;
}

/**
 * Judges hits by all that is known of them and their neighbours.
 *
 * Pure: the answer doesn't depend on the order of the hits, and one more machine signal never makes a
 * hit more human. A hit is judged right only if every hit of its mail and contact within 60 s, and
 * every click from its address within 10 s, is among the hits or the traces.
 *
 * @returns one verdict a hit, by its id
 */
export function judge(hits: readonly Hit[], situation: Situation): Map<string, Verdict> {
  const asked = hits.map((hit) => {
    const agent = readAgent(hit.userAgent);
    return { hit, agent, trace: traceOf(hit, agent) };
  });
  const ids = new Set(hits.map((hit) => hit.id));
  const others = (situation.traces ?? []).filter((trace) => !ids.has(trace.id));
  const findNeighbours = createNeighbourhoods([...asked.map(({ trace }) => trace), ...others]);

  return new Map(
    asked.map(({ hit, agent, trace }) => {
      const mail = situation.mailOf(hit);
      const view = { hit, agent, mail, near: findNeighbours(trace, mail) };
      return [hit.id, judgeOne(view, situation.signals)];
    }),
  );
}

function judgeOne(view: View, signals: readonly Signal[]): Verdict {
  const settled = settleByName(view.hit, view.agent);
  if (settled) {
    const { verdict, certainty, reason } = settled;
    return { verdict, certainty, score: 0, reasons: [reason], rulesVersion: RULES_VERSION };
  }
  return decide(collectSignals(view, signals));
}

/** The signals that a view fires, without those that a stronger one of the same pattern stands for. */
function collectSignals(view: View, signals: readonly Signal[]): readonly Fired[] {
  const fired: Fired[] = [];
  for (const signal of signals) {
    if (!signal.appliesTo.includes(view.hit.kind)) continue;
    const detail = signal.test(view);
    if (detail === undefined) continue;
    fired.push({ signal, reason: { signal: signal.name, weight: signal.weight, detail } });
  }
  const names = new Set(fired.map(({ signal }) => signal.name));
  return fired.filter(({ signal }) => !signal.unless?.some((name) => names.has(name)));
}

function decide(fired: readonly Fired[]): Verdict {
  const score = fired.reduce((sum, { signal }) => sum + signal.weight, 0);
  const reasons = fired.map(({ reason }) => reason).sort(byWeight);
  const against = fired.filter(({ signal }) => signal.weight > 0).map(({ signal }) => signal);
  const said = { score, reasons, rulesVersion: RULES_VERSION };

  if (against.some((signal) => signal.decides)) {
    return { verdict: "machine", certainty: "high", ...said };
  }
  const isCertain = against.some((signal) => signal.certain);
  const witnesses = new Set(against.map((signal) => signal.category)).size;
  if (score >= MACHINE_SCORE && (isCertain || witnesses >= 2)) {
    return { verdict: "machine", certainty: isCertain ? "high" : "low", ...said };
  }
  return { verdict: "human", certainty: score >= DOUBTFUL_SCORE ? "low" : "high", ...said };
}

function byWeight(a: Reason, b: Reason): number {
  return b.weight - a.weight || (a.signal < b.signal ? -1 : 1);
}
