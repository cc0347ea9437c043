import type { Access } from "../../access/access.ts";
import type { FailedEvents } from "../../collect/failed-events.ts";
import type { Hooks } from "../../collect/hooks/hooks.ts";
import type { FailedRoutesDeps } from "../../collect/routes-failed.ts";
import type { PlanRoutesDeps } from "../../collect/routes-plan.ts";
import type { ConsentKeeper } from "../../contacts/privacy/change-consent.ts";
import type { Erasures } from "../../contacts/privacy/erasures.ts";
import type { ExportContact } from "../../contacts/privacy/export-contact.ts";
import type { NewDecision, Review } from "../../contacts/review.ts";
import type { Campaigns } from "../../email/campaigns.ts";
import type { RewriteAnswer } from "../../email/schemas.ts";
import type { UtmDefaults } from "../../email/utm-defaults.ts";
import type { Caller } from "../../lib/caller.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Retention } from "../../lib/retention.ts";
import type { EventUse } from "../../reports/event-use.ts";
import type { QualityQuery, QualityReport } from "../../reports/quality.ts";
import type {
  ContactList,
  ContactQuery,
  ContactSummary,
  JourneyPage,
  JourneyQuery,
} from "../../reports/store.ts";
import type { TrafficQuery, TrafficReport } from "../../reports/traffic.ts";
import type { NewSite, Sites } from "../../site/sites.ts";
import type { Triggers } from "../../site/triggers/triggers.ts";
import type { Domains } from "../../tracking/domains.ts";
import type { OpenMode } from "../../tracking/open-settings.ts";

/** An event of the log as the live list shows it. */
export interface LatestEvent {
  seq: number;
  /** Milliseconds since the Unix epoch. */
  occurred_at: number;
  source: string;
  type: string;
  name: string;
  url: string | null;
  email_claim: string | null;
  user_id: string | null;
  properties: Record<string, unknown>;
}

/** A mail to rewrite, as `POST /v1/rewrite` takes it. */
interface MailToRewrite {
  html: string;
  campaign: string;
  contact?: { id: string; email: string };
  message_id?: string;
}

/** What the rewriter says of a mail. */
export type RewrittenMail = Pick<RewriteAnswer, "html" | "links" | "skipped" | "warnings">;

/** Consent, export and erasure of contacts. */
interface PrivacyPagesDeps {
  readConsent: ConsentKeeper["read"];
  changeConsent: ConsentKeeper["change"];
  exportContact: ExportContact;
  erasures: Pick<Erasures, "request" | "status" | "waitFor">;
  /** As RETENTION_DAYS says it. */
  retention: Retention;
}

/** What the pages need from the features; every function stays within the workspace it is given. */
export interface PageDeps {
  access: Access;
  now: Clock;
  /** CLICK_PARAM. */
  clickParam: string;
  /** Aborted when the service drains: ends the streams, which would never end by themselves. */
  stopping: AbortSignal;
  listContacts(workspaceId: number, query: ContactQuery): Promise<ContactList>;
  /** By our id or the sender's own. */
  findContact(workspaceId: number, id: string): Promise<ContactSummary | undefined>;
  /** Undefined where the workspace has no such contact. */
  readJourney(
    workspaceId: number,
    contactId: string,
    query: JourneyQuery,
  ): Promise<JourneyPage | undefined>;
  /** Events behind `sinceSeq`, newest first. */
  latestEvents(workspaceId: number, sinceSeq: number, limit: number): Promise<LatestEvent[]>;
  /** Rewrites a mail as `POST /v1/rewrite` does; rejects with the same errors. */
  rewriteMail(workspaceId: number, mail: MailToRewrite): Promise<RewrittenMail>;
  campaigns: Campaigns;
  readTraffic(workspaceId: number, query: TrafficQuery): Promise<TrafficReport>;
  readQuality(workspaceId: number, query: QualityQuery): Promise<QualityReport>;
  trackingPlan: PlanRoutesDeps["trackingPlan"];
  auditPlan: PlanRoutesDeps["auditPlan"];
  /** How the events of each name were used and what they violated, most used first. */
  readEventUse(workspaceId: number, span: { days: number; until: number }): Promise<EventUse[]>;
  isConversion: PlanRoutesDeps["isConversion"];
  setConversion: PlanRoutesDeps["setConversion"];
  /** What each reason of a verdict means. */
  signalTexts: ReadonlyMap<string, string>;
  /** Contacts that may be one person, and what was decided. */
  review: Review;
  /** Notes in the audit log who decided. */
  auditDecision(caller: Caller, decision: NewDecision): Promise<void>;
  /** What was refused at the doors. */
  failedEvents: FailedEvents;
  auditFailed: FailedRoutesDeps["auditFailed"];
  utmDefaults: Pick<UtmDefaults, "list" | "set">;
  /** How the workspace counts opens. */
  opensOf(workspaceId: number): OpenMode;
  changeOpens(caller: Caller, mode: OpenMode): Promise<void>;
  domains: Pick<Domains, "target" | "list" | "get" | "add" | "check" | "setDefault" | "remove">;
  privacy: PrivacyPagesDeps;
  hooks: Pick<Hooks, "list" | "set" | "remove">;
  listSites: Sites["list"];
  /** Makes a site and its key, which is shown once. */
  createSite(workspaceId: number, site: NewSite): Promise<{ id: string; write_key: string }>;
  updateSite: Sites["update"];
  /** Another key for a site's tag, shown once. */
  addSiteKey: Sites["addKey"];
  triggers: Triggers;
}
