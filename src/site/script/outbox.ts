/** An event as it travels: one call of Segment's protocol. */
export interface Call {
  readonly type: string;
  readonly messageId: string;
  readonly [member: string]: unknown;
}

/** Events that wait for a connection; older ones give way. */
const MAX_WAITING = 100;

/** Characters of one request: three bytes each at most, and browsers queue 64 kB at most. */
const MAX_CHARACTERS = 2e4;

/** Joins two lists of calls, each call once, the newest 100. */
export function joinCalls(waiting: readonly Call[], more: readonly Call[]): Call[] {
  const known = new Set(waiting.map((call) => call.messageId));
  return [...waiting, ...more.filter((call) => !known.has(call.messageId))].slice(-MAX_WAITING);
}

/** Splits calls, in order, into lists that are small enough for one request each. */
export function splitCalls(calls: readonly Call[]): Call[][] {
  const lists: Call[][] = [];
  let size = MAX_CHARACTERS;
  for (const call of calls) {
    const length = JSON.stringify(call).length;
    size += length;
    const last = lists[lists.length - 1];
    if (last && size <= MAX_CHARACTERS) last.push(call);
    else {
      lists.push([call]);
      size = length;
    }
  }
  return lists;
}

/** What follows from an answer: `sent` also where no repetition could ever succeed. */
export function judgeAnswer(status: number): "sent" | "retry" {
  return status >= 500 || status === 429 || status === 408 ? "retry" : "sent";
}

/**
 * How long to wait before sending again, in milliseconds: what the server asks for, else 1 s doubling
 * up to 64 s.
 */
export function retryDelay(failures: number, retryAfter: string | null): number {
  return (Number(retryAfter) || 2 ** Math.min(failures - 1, 6)) * 1e3;
}
