import { recallClick } from "../click-id.ts";
import { createId } from "../ids.ts";
import { local, session } from "../storage.ts";

/** Where our script keeps who the visitor is. */
const VISITOR = "clicktrail_id";
const USER = "clicktrail_user";
const CLICK = "clicktrail_click";
/** Where Segment's own library does. */
const SEGMENT_VISITOR = "ajs_anonymous_id";

/** The visitor's id, minted where there is none yet. */
export function visitorId(): string {
  return local(VISITOR) || setVisitorId(createId());
}

/** Names the visitor by an id of the page's own. */
export function setVisitorId(id: string): string {
  local(VISITOR, id);
  return id;
}

/** Who has signed in, by the page's own id. */
export function userId(): string | undefined {
  return local(USER) || undefined;
}

/** Remembers who has signed in. */
export function setUserId(id: string): void {
  local(USER, id);
}

/** The click that brought the visitor here, as our script remembers it. */
export function clickId(): string | undefined {
  return recallClick(session(CLICK), Date.now());
}

/** Forgets the visitor, as after signing out. */
export function forgetVisitor(): void {
  local(VISITOR, "");
  local(USER, "");
  session(CLICK, "");
}

/** Whoever was known to Segment's library stays the same visitor. */
export function adoptVisitor(): void {
  const [, cookie = ""] =
    new RegExp(`(?:^|; )${SEGMENT_VISITOR}=([^;]+)`).exec(document.cookie) ?? [];
  const known = local(SEGMENT_VISITOR) ?? decodeURIComponent(cookie);
  const id = known.replace(/^"|"$/g, "");
  if (id && !local(VISITOR)) setVisitorId(id);
}
