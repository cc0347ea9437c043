import { type Access, createAccess } from "../../src/access/access.ts";
import { createAccessRoutes } from "../../src/access/routes.ts";
import type { Db } from "../../src/db/db.ts";
import type { Campaigns } from "../../src/email/campaigns.ts";
import { type AppDeps, createApp } from "../../src/http/app.ts";
import type { Readiness } from "../../src/http/health.ts";
import type { LatestEvent, PageDeps } from "../../src/http/pages/deps.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createId } from "../../src/lib/ids.ts";
import { createKeyring } from "../../src/lib/keyring.ts";
import type { JourneyPage } from "../../src/reports/store.ts";
import type { TrafficReport } from "../../src/reports/traffic.ts";
import type { Site } from "../../src/site/store.ts";
import type { DraftTrigger, TriggerVersion } from "../../src/site/triggers/store.ts";
import { createTriggers, type Triggers } from "../../src/site/triggers/triggers.ts";

export const BASE_URL = "http://127.0.0.1:3000";
export const API_KEY = "test-api-key-0123456789";
export const WRITE_KEY = "test-write-key-0123456789";
export const NOON = Date.UTC(2026, 2, 3, 12, 0, 0);

/** A clock that stands until it is moved. */
export interface TestClock {
  now: number;
}

export function createTestAccess(
  db: Db,
  clock: TestClock,
  onError: (error: unknown) => void = rethrow,
): Access {
  return createAccess({
    db,
    now: () => clock.now,
    createId: () => createId(clock.now),
    keyring: createKeyring("a secret of the tests"),
    baseUrl: BASE_URL,
    environmentKeys: { apiKey: API_KEY, writeKey: WRITE_KEY },
    onError,
  });
}

function rethrow(error: unknown): never {
  throw error;
}

const READY: Readiness = {
  ready: true,
  projections: [{ name: "traffic", lag: 0 }],
  settled: true,
  journal: { unimported_bytes: 0 },
  database: { failing: null },
  importer: { running: true },
  disk: { free_bytes: 1e9 },
  migration: { current: true },
};

const nothing = async (): Promise<never> => {
  throw new AppError("not_found", 404, "There is no such campaign.");
};
const NO_CAMPAIGNS: Campaigns = {
  list: async () => ({ campaigns: [], next: null }),
  get: nothing,
  links: nothing,
  link: nothing,
  change: nothing,
  changeLink: nothing,
};

/** A site that nobody has changed. */
const SITE: Site = {
  workspaceId: 1,
  id: "site1",
  name: "Shop",
  hosts: ["shop.example.com"],
  createdAt: NOON,
  collects: "everything",
  liveVersion: null,
};

/** Triggers in memory, as the tables would hold them. */
function createTestTriggers(): Triggers {
  let draft: DraftTrigger[] = [];
  const versions: TriggerVersion[] = [];
  const live = () => versions.at(-1)?.version ?? null;
  return createTriggers({
    store: {
      draft: async () => draft,
      async put(_workspaceId, _siteId, changed) {
        const others = draft.filter(({ trigger }) => trigger.id !== changed.trigger.id);
        draft = [...others, changed];
      },
      async remove(_workspaceId, _siteId, id) {
        const before = draft.length;
        draft = draft.filter(({ trigger }) => trigger.id !== id);
        return draft.length < before;
      },
      versions: async () => [...versions].reverse(),
      version: async (_workspaceId, _siteId, version) =>
        versions.find((one) => one.version === version),
      publish: async (_workspaceId, _siteId, version) => void versions.push(version),
      restore: async (_workspaceId, _siteId, version) => void versions.push(version),
    },
    findSite: async () => ({ ...SITE, liveVersion: live() }),
    refresh: async () => {},
    record: async () => {},
    previewKeys: createKeyring("a secret of the tests").keysFor("preview"),
    createId: () => createId(NOON),
    now: () => NOON,
  });
}

/** A small send that a scanner looked through. */
export const TRAFFIC: TrafficReport = {
  totals: { human: 1200, unsure: 12, machine: 300, prefetch: 40 },
  days: [
    { day: "2026-03-02", human: 0, unsure: 0, machine: 0, prefetch: 0 },
    { day: "2026-03-03", human: 1200, unsure: 12, machine: 300, prefetch: 40 },
  ],
  reasons: [
    { signal: "burst_certain", machine: 280, prefetch: 0 },
    { signal: "someone_elses_signal", machine: 20, prefetch: 0 },
  ],
  campaigns: [{ id: "c1", name: "=Spring", human: 1200, unsure: 12, machine: 300, prefetch: 40 }],
  networks: [{ network: "", human: 1200, unsure: 12, machine: 300, prefetch: 40 }],
};

const NO_DOMAINS: PageDeps["domains"] = {
  target: "127.0.0.1",
  list: () => [],
  get: () => rethrow(new Error("There are no domains.")),
  add: nothing,
  check: nothing,
  setDefault: nothing,
  remove: nothing,
};

const NO_FAILED: PageDeps["failedEvents"] = {
  list: async () => [],
  count: async () => [],
  find: nothing,
  edit: nothing,
  discard: nothing,
  reopen: nothing,
  replay: nothing,
  replayAll: async () => ({ replayed: 0, accepted: 0, still_refused: 0 }),
};

/** Pages over made-up data; a test replaces what it looks at. */
export function createTestPages(access: Access, replaced: Partial<PageDeps> = {}): PageDeps {
  return {
    access,
    now: () => NOON,
    clickParam: "jt",
    stopping: new AbortController().signal,
    listContacts: async () => ({ contacts: [], next: null }),
    findContact: async () => undefined,
    readJourney: async () => ({ entries: [], next: null }),
    latestEvents: async () => [],
    rewriteMail: async (_workspaceId, { html }) => ({ html, links: [], skipped: [], warnings: [] }),
    campaigns: NO_CAMPAIGNS,
    readTraffic: async () => TRAFFIC,
    readQuality: async () => ({
      totals: { events: 0, score: null },
      folded: { reason: "too_many_event_names", events: 0, most_names: 2000, names: [] },
      days: [],
      checks: [],
      events: [],
    }),
    trackingPlan: { list: async () => [], put: nothing, remove: nothing },
    auditPlan: async () => {},
    readEventUse: async () => [],
    isConversion: () => false,
    setConversion: nothing,
    signalTexts: new Map([["burst_certain", "Three or more links of one mail within a second"]]),
    review: { list: async () => ({ suggestions: [], decided: [] }), decide: async () => {} },
    auditDecision: async () => {},
    failedEvents: NO_FAILED,
    auditFailed: async () => {},
    utmDefaults: { list: async () => [], set: async () => {} },
    opensOf: () => "individual",
    privacy: {
      readConsent: async (_workspaceId, id) => ({
        contact: id,
        consent: { clicks: "individual", opens: "none", site: "individual" },
        changed_at: null,
        log: [],
      }),
      changeConsent: nothing,
      exportContact: nothing,
      erasures: { request: nothing, status: nothing, waitFor: nothing },
      retention: { defaultMs: undefined, byType: new Map() },
    },
    changeOpens: async () => {},
    domains: NO_DOMAINS,
    hooks: { list: async () => [], set: nothing, remove: nothing },
    listSites: async () => [],
    createSite: async () => ({ id: "site1", write_key: "cts_key" }),
    updateSite: async () => SITE,
    addSiteKey: async () => "cts_key",
    triggers: createTestTriggers(),
    ...replaced,
  };
}

type Entry = JourneyPage["entries"][number];

/** The whole application over a database for access and made-up data for the rest. */
export function createTestApp(access: Access, replaced: Partial<AppDeps> = {}) {
  return createApp({
    baseUrl: access.baseUrl,
    trustProxy: 0,
    createId: () => "request1",
    logError: ({ error }) => rethrow(error),
    rateLimit: access.rateLimit,
    routers: [createAccessRoutes({ ...access, now: () => NOON })],
    health: {
      readiness: async () => READY,
      metrics: {
        contentType: "text/plain; version=0.0.4",
        metrics: async () => "clicks_total 1\n",
      },
    },
    pages: createTestPages(access),
    ...replaced,
  });
}

/** A click a minute ago, unless told otherwise. */
export function latestEvent(seq: number, over: Partial<LatestEvent> = {}): LatestEvent {
  return {
    seq,
    occurred_at: NOON - 60_000,
    source: "email",
    type: "click",
    name: "email_clicked",
    url: "https://example.com/catalogue",
    email_claim: null,
    user_id: null,
    properties: {},
    ...over,
  };
}

/** A page view at noon, unless told otherwise. */
export function journeyEntry(over: Partial<Entry> = {}): Entry {
  return {
    id: "e1",
    at: new Date(NOON).toISOString(),
    received_at: new Date(NOON).toISOString(),
    source: "site",
    type: "page",
    name: "page_view",
    campaign: null,
    link: null,
    url: "https://shop.example.com/pricing",
    path: "/pricing",
    value_minor: null,
    currency: null,
    repeat_of: null,
    session_id: null,
    click_id: null,
    verdict: "human",
    certainty: "high",
    reasons: [],
    counted: true,
    conversion: false,
    why: {
      sentence: "The mail was made for this contact.",
      evidence: "mail",
      confidence: null,
      event_id: null,
      at: null,
    },
    verdictReasons: [],
    whyIn: () => "The mail was made for this contact.",
    properties: {},
    ...over,
  };
}
