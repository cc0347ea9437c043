import type { Access } from "../../access/access.ts";
import type { Clock } from "../../lib/clock.ts";

/** A contact as the list shows it. Times are ISO 8601 UTC. */
export interface ContactSummary {
  id: string;
  /** The sender's own id, where one is known. */
  user_id: string | null;
  email: string | null;
  first_seen_at: string | null;
  last_active_at: string | null;
}

export interface ContactPage {
  contacts: readonly ContactSummary[];
  /** Cursor of the following page, or null. */
  next: string | null;
}

export type Verdict = "human" | "machine" | "prefetch";

/** One thing that happened: the journey entry of the API. */
export interface JourneyEntry {
  id: string;
  at: string;
  source: string;
  type: string;
  name: string;
  campaign: { id: string; name: string } | null;
  link: { id: string; index: number; name: string | null; url: string | null } | null;
  url: string | null;
  path: string | null;
  value_minor: number | null;
  currency: string | null;
  session_id: string | null;
  click_id: string | null;
  verdict: Verdict | null;
  certainty: "high" | "low" | null;
  reasons: readonly string[];
  counted: boolean;
  properties: Record<string, unknown>;
}

export interface JourneyPage {
  entries: readonly JourneyEntry[];
  next: string | null;
}

export interface JourneyQuery {
  limit: number;
  cursor: string | undefined;
  /** Undefined: all of them. What was never judged (a mail sent, say) always belongs. */
  verdicts: readonly Verdict[] | undefined;
}

/** An event of the log as the live list shows it. */
export interface LatestEvent {
  seq: number;
  /** Milliseconds since the Unix epoch. */
  occurred_at: number;
  source: string;
  type: string;
  name: string;
  url: string | null;
  link_id: string | null;
  campaign_id: string | null;
  email_claim: string | null;
  user_id: string | null;
  properties: Record<string, unknown>;
}

/** What the rewriter says of a mail. Offsets count characters of the mail as it was given. */
export interface RewrittenMail {
  html: string;
  links: readonly {
    index: number;
    name: string | null;
    text: string;
    url: string;
    tracking_url: string;
    offset: number;
  }[];
  skipped: readonly { url: string; reason: string; offset: number }[];
  warnings: readonly (string | { code?: string; message: string })[];
}

export interface MailToRewrite {
  html: string;
  campaign: string;
  contact?: { id: string; email: string };
}

export interface SiteSummary {
  id: string;
  name: string;
  hosts: readonly string[];
}

/** What the pages need from the features; every function stays within the workspace it is given. */
export interface PageDeps {
  access: Access;
  now: Clock;
  /** Aborted when the service drains: ends the streams, which would never end by themselves. */
  stopping: AbortSignal;
  listContacts(
    workspaceId: number,
    query: { q: string; cursor: string | undefined; limit: number },
  ): Promise<ContactPage>;
  /** By our id or the sender's own. */
  findContact(workspaceId: number, id: string): Promise<ContactSummary | undefined>;
  readJourney(workspaceId: number, contactId: string, query: JourneyQuery): Promise<JourneyPage>;
  /** Events behind `sinceSeq`, newest first. */
  latestEvents(workspaceId: number, sinceSeq: number, limit: number): Promise<LatestEvent[]>;
  /** Rewrites a mail as `POST /v1/rewrite` does; rejects with the same errors. */
  rewriteMail(workspaceId: number, mail: MailToRewrite): Promise<RewrittenMail>;
  listSites(workspaceId: number): Promise<readonly SiteSummary[]>;
  /** Makes a site and its key, which is shown once. Rejects with an AppError for a wrong host. */
  createSite(
    workspaceId: number,
    site: { name: string; hosts: string[] },
  ): Promise<{ id: string; write_key: string }>;
}
