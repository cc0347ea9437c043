import { isWorthRetrying, readWaiting, retryDelay, takeNext, writeWaiting } from "./outbox.ts";
import { local } from "./storage.ts";
import { folder, key } from "./tag.ts";

const WAITING = "clicktrail_queue";
/** Long enough to send a page view and what follows at once, short enough for a live view. */
const DELAY_MS = 300;

/** Of the next flush; none while it is 0. */
let timer = 0;
let failures = 0;
let isSending = false;

/**
 * Takes a copy of a call, made now: the page may change or reuse its object.
 *
 * Every call is in the storage from the moment it is made until it is delivered, so that neither a
 * crash nor a lost connection loses it. Two tabs may send the same one: the server knows its id.
 */
export const enqueue = (call: object): void => {
  keep([...waiting(), JSON.stringify(call)]);
  schedule(DELAY_MS);
};

/** Sends all that waits; `isLeaving` when the page may not live to see the answer. */
export function flush(isLeaving?: boolean): void {
  const calls = takeNext(waiting());
  if (!calls.length) return;
  const onAnswer = ({ status, headers }: Partial<Response>): void => {
    isSending = false;
    if (status && !isWorthRetrying(status)) {
      failures = 0;
      keep(waiting().filter((call) => !calls.includes(call)));
      flush(isLeaving);
    } else {
      schedule(retryDelay(failures++, headers?.get("retry-after")));
    }
  };
  // The key is in the query: no header, so no preflight.
  const url = `${folder}v1/b?writeKey=${key}`;
  const body = describeBatch(calls);
  // A page that stays can see a refusal and try again; one that leaves can only hand over, and keeps
  // for the next page what the service would not take just now.
  if (isLeaving) {
    if (!failures && navigator.onLine && navigator.sendBeacon(url, body)) onAnswer({ status: 200 });
  } else if (!isSending) {
    isSending = true;
    fetch(url, { method: "POST", body }).then(onAnswer, onAnswer);
  }
}

/** The calls, and what is true of every call of this page. */
function describeBatch(calls: readonly string[]): string {
  const context = {
    library: { name: "clicktrail.js" },
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    webdriver: navigator.webdriver,
  };
  return `{"sentAt":${Date.now()},"context":${JSON.stringify(context)},"batch":[${calls}]}`;
}

function waiting(): string[] {
  return readWaiting(local(WAITING));
}

function keep(calls: readonly string[]): void {
  local(WAITING, writeWaiting(calls));
}

function schedule(delayMs: number): void {
  const run = (): void => {
    timer = 0;
    flush();
  };
  timer = timer || setTimeout(run, delayMs);
}
