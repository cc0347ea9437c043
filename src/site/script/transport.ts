import { isWorthRetrying, keepNewest, retryDelay, takeNext } from "./outbox.ts";
import type { SafeStorage } from "./storage.ts";

const WAITING = "clicktrail_queue";
/** Long enough to send a page view and what follows at once, short enough for a live view. */
const DELAY_MS = 300;

/** Brings calls to the server. */
export interface Transport {
  /** Takes a copy, made now: the page may change or reuse its object. */
  enqueue(call: object): void;
  /** Sends all that waits; `isLeaving` when the page may not live to see the answer. */
  flush(isLeaving?: boolean): void;
}

/**
 * Every call is in the storage from the moment it is made until it is delivered, so that neither a
 * crash nor a lost connection loses it. Two tabs may send the same one: the server knows its id.
 *
 * @param url     where batches go, key in the query: no header, so no preflight
 * @param context what is true of every call of this page
 */
export function createTransport(url: string, context: object, storage: SafeStorage): Transport {
  let timer: number | undefined;
  let failures = 0;
  let isSending = false;

  function read(): string[] {
    try {
      return JSON.parse(storage.get(WAITING) ?? "[]");
    } catch {
      return [];
    }
  }

  function write(calls: readonly string[]): void {
    storage.set(WAITING, calls[0] ? JSON.stringify(keepNewest(calls)) : null);
  }

  function schedule(delayMs: number): void {
    timer ??= window.setTimeout(flush, delayMs);
  }

  function flush(isLeaving?: boolean): void {
    clearTimeout(timer);
    timer = undefined;
    const calls = takeNext(read());
    if (calls[0]) send(calls, isLeaving);
  }

  function send(calls: readonly string[], isLeaving?: boolean): void {
    const sentAt = new Date().toISOString();
    const body = `{"batch":[${calls}],"context":${JSON.stringify(context)},"sentAt":"${sentAt}"}`;
    const goOn = (): void => {
      write(read().filter((call) => !calls.includes(call)));
      flush(isLeaving);
    };
    const onAnswer = (answer?: Response): void => {
      isSending = false;
      if (answer && !isWorthRetrying(answer.status)) {
        failures = 0;
        goOn();
      } else {
        failures += 1;
        schedule(retryDelay(failures, answer?.headers.get("retry-after")));
      }
    };
    // A page that stays can see a refusal and try again; one that leaves can only hand over.
    if (isLeaving) {
      if (navigator.onLine && navigator.sendBeacon(url, body)) goOn();
    } else if (!isSending) {
      isSending = true;
      const keepalive = body.length < 2e4;
      fetch(url, { method: "POST", body, keepalive }).then(onAnswer, () => onAnswer());
    }
  }

  return {
    enqueue(call) {
      write([...read(), JSON.stringify(call)]);
      schedule(DELAY_MS);
    },
    flush,
  };
}
