import { createId } from "../ids.ts";

/** Where our script keeps who the visitor is. */
const VISITOR = "clicktrail_id";
const USER = "clicktrail_user";
/** Where Segment's own library does. */
const SEGMENT_VISITOR = "ajs_anonymous_id";

/** The visitor's id, minted where there is none yet. */
export function visitorId(): string {
  return localStorage.getItem(VISITOR) ?? setVisitorId(createId());
}

/** Names the visitor by an id of the page's own. */
export function setVisitorId(id: string): string {
  localStorage.setItem(VISITOR, id);
  return id;
}

/** Who has signed in, by the page's own id. */
export function userId(): string | undefined {
  return localStorage.getItem(USER) ?? undefined;
}

/** Remembers who has signed in. */
export function setUserId(id: string): void {
  localStorage.setItem(USER, id);
}

/** Whoever was known to Segment's library stays the same visitor. */
export function adoptVisitor(): void {
  const [, cookie = ""] =
    new RegExp(`(?:^|; )${SEGMENT_VISITOR}=([^;]+)`).exec(document.cookie) ?? [];
  const known = localStorage.getItem(SEGMENT_VISITOR) ?? decodeURIComponent(cookie);
  const id = known.replace(/^"|"$/g, "");
  if (id && !localStorage.getItem(VISITOR)) setVisitorId(id);
}
