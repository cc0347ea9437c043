/**
 * What identity and sessions need to know of one event of a visitor. Times are milliseconds since
 * the Unix epoch; refs are those of `lib/refs.ts` (or any other name, as long as it is one to one).
 */
export interface VisitorFact {
  /** Unique in the workspace; orders facts of the same millisecond, whatever came first. */
  readonly id: string;
  readonly at: number;
  /**
   * `alias` stands for an alias event on the visitor it names: it claims, but is no event of the
   * visitor. `engagement` is the beacon of a page that was left; `reset` a logout by the site.
   */
  readonly kind: "event" | "reset" | "engagement" | "alias";
  readonly channel: "browser" | "server";
  /** The verdict is machine or prefetch: it has no session and reaches no contact. */
  readonly invalid: boolean;
  /** False where joining was refused: the event has no contact and its click id is ignored. */
  readonly consent: boolean;
  /** The library stamps the user id on every event, so an event without one is a logout. */
  readonly sticky: boolean;
  readonly userRef: string | null;
  readonly emailRef: string | null;
  /** On an alias: the id it names, read as a user id. */
  readonly previousRef: string | null;
  /** The click it landed from. */
  readonly clickId: string | null;
  /** The UTM values of its page, joined; null without any. */
  readonly campaign: string | null;
  /** The client's network (a /24) and family of operating system, where known. */
  readonly net: string | null;
  readonly os: string | null;
}

/** A click on an email link, as the claims of its landings need it. */
export interface ClickFact {
  readonly clickId: string;
  readonly at: number;
  /** Null when the token named no contact. */
  readonly ref: string | null;
  readonly human: boolean;
}

/**
 * A side finding; none of them changes an owner. `about` is a click id, an event id, a visitor or
 * one or two contacts, as the kind says.
 */
export interface Flag {
  readonly kind:
    | "bot_click"
    | "stale_click_id"
    | "shared_link"
    | "foreign_click"
    | "form_email_differs"
    | "forwarded"
    | "merge_suggested"
    | "email_conflict"
    | "shared"
    | "kiosk";
  readonly about: readonly string[];
}

/** Orders facts by event time; two of the same moment by their ids, so no arrival order shows. */
export function byTime(
  a: { readonly at: number; readonly id: string },
  b: { readonly at: number; readonly id: string },
): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** The flags without repetitions. */
export function distinctFlags(flags: readonly Flag[]): Flag[] {
  return [
    ...new Map(flags.map((flag) => [`${flag.kind}:${flag.about.join("\0")}`, flag])).values(),
  ];
}
