import { createId } from "../ids.ts";
import type { Members, SegmentCall } from "./read-call.ts";
import { clickId, setUserId, userId, visitorId } from "./visitor.ts";

interface Payload {
  readonly obj: Members;
}

/** May change a call before it is sent, or keep it back by not calling `next`. */
export type Middleware = (step: { payload: Payload; next: (passed: unknown) => void }) => void;

interface DeliverDeps {
  /** Whether our script takes calls yet. */
  takesCalls(): boolean;
  /** Gives it one. */
  giveCall(method: string, ...args: unknown[]): void;
  /** Keeps a call as it is until it is delivered. */
  enqueue(call: Members): void;
  readonly middlewares: readonly Middleware[];
}

/**
 * Our script takes the calls that it has a word for; all others are put together here, and those from before it was
 * there: what waits for it in the page's memory is lost with the page.
 */
export function createDeliver(deps: DeliverDeps): (call: SegmentCall) => void {
  const pass = (payload: Payload, at: number): void => {
    const next = deps.middlewares[at];
    if (!next) deps.enqueue(payload.obj);
    else next({ payload, next: (passed) => passed && pass(payload, at + 1) });
  };
  return (call) => {
    const { userId: named } = call.members;
    // At once, for what is kept before our script is there.
    if (call.type === "identify" && typeof named === "string") setUserId(named);
    const isPlain = deps.takesCalls() && deps.middlewares.length === 0 && isAsOurs(call);
    if (isPlain) deps.giveCall(call.type, ...ownArguments(call));
    else pass({ obj: describe(call) }, 0);
  };
}

/** Whether the call says nothing that our script could not say for it. */
function isAsOurs({ type, members, options, page }: SegmentCall): boolean {
  const isHere = page === undefined || page["url"] === location.href;
  const isKnown = /^(track|identify)$/.test(type) || (type === "page" && !members["category"]);
  return isHere && isKnown && Object.keys(options).length === 0;
}

function ownArguments({ type, members }: SegmentCall): unknown[] {
  const { event, userId, name, traits, properties } = members;
  if (type === "track") return [event, properties];
  return type === "identify" ? [userId, traits] : [name, properties];
}

function describe({ type, members, options, page = pageHere() }: SegmentCall): Members {
  const { context, ...others } = options;
  return {
    type,
    messageId: createId(),
    timestamp: new Date(),
    anonymousId: visitorId(),
    ...members,
    userId: members["userId"] ?? userId(),
    ...others,
    context: { page, click_id: clickId(), ...Object(context) },
  };
}

function pageHere(): Members {
  const { href: url, pathname: path, search } = location;
  return { url, path, search, title: document.title, referrer: document.referrer };
}
