import { type Call, joinCalls, judgeAnswer, retryDelay, splitCalls } from "./outbox.ts";
import type { SafeStorage } from "./storage.ts";

const WAITING = "clicktrail_queue";
/** Long enough to send a page view and what follows at once, short enough for a live view. */
const DELAY_MS = 300;

/** Brings calls to the server. */
export interface Transport {
  add(call: Call): void;
  /** Sends all that waits; `isLeaving` when the page may not live to see the answer. */
  flush(isLeaving?: boolean): void;
}

/**
 * @param url     where batches go, key in the query: no header, so no preflight
 * @param context what is true of every call of this page
 */
export function createTransport(url: string, context: object, storage: SafeStorage): Transport {
  let pending: Call[] = [];
  let timer: number | undefined;
  let failures = 0;

  function schedule(delayMs: number): void {
    timer ??= window.setTimeout(flush, delayMs);
  }

  function flush(isLeaving?: unknown): void {
    clearTimeout(timer);
    timer = undefined;
    const calls = joinCalls(readWaiting(), pending);
    pending = [];
    storage.set(WAITING, null);
    for (const list of splitCalls(calls)) send(list, isLeaving === true);
  }

  function send(calls: Call[], isLeaving: boolean): void {
    const body = JSON.stringify({ batch: calls, context, sentAt: new Date().toISOString() });
    // A page that stays can see a refusal and try again; one that leaves can only hand over.
    if (isLeaving || !window.fetch) {
      if (navigator.onLine === false || !navigator.sendBeacon?.(url, body)) keep(calls);
      return;
    }
    const options = { method: "POST", body, keepalive: body.length < 2e4 };
    fetch(url, options).then(
      (answer) => {
        if (judgeAnswer(answer.status) === "sent") failures = 0;
        else retry(calls, answer.headers.get("retry-after"));
      },
      () => retry(calls, null),
    );
  }

  function retry(calls: Call[], retryAfter: string | null): void {
    keep(calls);
    failures += 1;
    schedule(retryDelay(failures, retryAfter));
  }

  function keep(calls: Call[]): void {
    storage.set(WAITING, JSON.stringify(joinCalls(readWaiting(), calls)));
  }

  function readWaiting(): Call[] {
    try {
      return JSON.parse(storage.get(WAITING) ?? "[]");
    } catch {
      return [];
    }
  }

  return {
    add(call) {
      pending.push(call);
      schedule(DELAY_MS);
    },
    flush,
  };
}
