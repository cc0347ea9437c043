import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Access, actorOf, createAccess } from "./access/access.ts";
import { createAccessRoutes } from "./access/routes.ts";
import { bringUp } from "./bring-up.ts";
import { createFailedEvents } from "./collect/failed-events.ts";
import { createCollectRoutes } from "./collect/routes.ts";
import { createFailedRoutes, type FailedAction } from "./collect/routes-failed.ts";
import { createPlanRoutes } from "./collect/routes-plan.ts";
import { createVendorRoutes } from "./collect/routes-vendor.ts";
import { createFailedStore } from "./collect/store-failed.ts";
import { createTrackingPlan, type TrackingPlan } from "./collect/tracking-plan.ts";
import type { Erasures } from "./contacts/privacy/erasures.ts";
import type { RetentionTimer } from "./contacts/privacy/retention-timer.ts";
import { createReview, type NewDecision } from "./contacts/review.ts";
import { createContactRoutes } from "./contacts/routes.ts";
import { createPrivacyRoutes } from "./contacts/routes-privacy.ts";
import { createLedgerFile } from "./contacts/store-ledger-file.ts";
import { createGatedDb } from "./db/gate.ts";
import { acquireInstanceLock } from "./db/sqlite/lock.ts";
import { findMergeTags } from "./email/rewrite/merge-tags.ts";
import { fillSlots } from "./email/rewrite/slots.ts";
import { createEmailRoutes } from "./email/routes.ts";
import { createCampaignRoutes } from "./email/routes-campaigns.ts";
import { createUtmRoutes } from "./email/routes-utm.ts";
import { rewriteBodySchema } from "./email/schemas.ts";
import { createRewriteService } from "./email/service.ts";
import { createTokens } from "./email/tokens.ts";
import { createServiceHookRoutes, createServiceHooks, type ServiceHooks } from "./hooks.ts";
import { createApp } from "./http/app.ts";
import { renderLinkPage } from "./http/link-page.ts";
import { listen } from "./http/listen.ts";
import type { Caller } from "./lib/caller.ts";
import { createClientAddress } from "./lib/client-address.ts";
import { type Clock, createClock } from "./lib/clock.ts";
import { type Config, displayHost, publicUrl, retentionOf } from "./lib/config.ts";
import { AppError } from "./lib/errors.ts";
import { createId } from "./lib/ids.ts";
import { truncateIp } from "./lib/ip.ts";
import type { Logger } from "./lib/log-lines.ts";
import { createMetrics, type Metrics } from "./lib/metrics.ts";
import { createRecentCache } from "./lib/recent-cache.ts";
import { createRepeatLog, type RepeatLog } from "./lib/repeat-log.ts";
import { validate } from "./lib/validate.ts";
import { settlesWithin } from "./lib/within.ts";
import { createLinks, type Links } from "./links.ts";
import { latestEvents } from "./log/latest-events.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { createPrivacy, type Privacy } from "./privacy.ts";
import { readQuality } from "./reports/quality.ts";
import { createReportRoutes } from "./reports/routes.ts";
import { createExportRoutes } from "./reports/routes-export.ts";
import { createQualityRoutes } from "./reports/routes-quality.ts";
import { findContact, listContacts, readJourney } from "./reports/store.ts";
import { readTraffic } from "./reports/traffic.ts";
import { createSiteRoutes, newSiteSchema } from "./site/routes.ts";
import { createScriptRoutes } from "./site/routes-script.ts";
import { createTriggerRoutes } from "./site/routes-triggers.ts";
import { loadScriptFiles } from "./site/script-file.ts";
import { createSites, type Sites } from "./site/sites.ts";
import { createTriggerStore } from "./site/triggers/store.ts";
import { createTriggers } from "./site/triggers/triggers.ts";
import { migrateStorage, openStorage, type Storage } from "./storage.ts";
import { createClickParameter } from "./tracking/click-parameter.ts";
import { createFloods } from "./tracking/floods.ts";
import { createFront } from "./tracking/front.ts";
import type { Visitor } from "./tracking/hit.ts";
import { createOpenPath } from "./tracking/open-path.ts";
import { createOpenSettings, type OpenMode, type OpenSettings } from "./tracking/open-settings.ts";
import { createTrackingRoutes } from "./tracking/routes.ts";
import { createDomainRoutes } from "./tracking/routes-domains.ts";
import { createWellKnownRoutes } from "./tracking/routes-well-known.ts";
import { type ClassifyNetwork, createNetworks } from "./traffic/networks.ts";
import { describeSignals, loadSignals } from "./traffic/signals.ts";

/** A running service. */
export interface Service {
  /** Where it listens, on this machine. */
  readonly localUrl: string;
  /** The public address: that of mails and sign-in links. */
  readonly baseUrl: string;
  readonly access: Access;
  /**
   * Stops taking requests, answers those it took, imports what it kept, closes. Loses nothing: what is not
   * imported in time is imported at the next start.
   */
  stop(): Promise<void>;
}

/** What the parts of the service have in common. */
interface Common {
  readonly config: Config;
  readonly log: Logger;
  readonly now: Clock;
  readonly metrics: Metrics;
  readonly storage: Storage;
  /** The public address without a trailing slash. */
  readonly baseUrl: string;
}

/** Addresses whose stored form is remembered; only in memory. */
const REMEMBERED = 10_000;

const LOST_DATABASE =
  "A new database is begun: the data folder was used before, but its database file is gone. If that was not meant, stop, put the file or a backup back, and start again.";

/** How long a stop waits for the import; the rest stays in the journal. */
const DRAIN_MS = 3000;

/** How long a stop waits for a database that may be away or frozen. */
const CLOSE_MS = 2000;

/**
 * Starts everything, in the order in which things need each other. Requests that come while it starts wait,
 * but not for a database that is away: redirects and collection begin without it, the rest follows when it
 * is there.
 *
 * @throws {AppError} with one sentence for a person when something foreseen is in the way: a taken port,
 *                    a folder that cannot be written, another instance, a newer schema
 */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const opened = await openStorage(config);
  const gate = createGatedDb(opened.db);
  const storage = { ...opened, db: gate.db };
  if (storage.isDatabaseLost) log.warn(LOST_DATABASE);
  const undo: (() => Promise<unknown>)[] = [() => storage.db.close()];
  try {
    const lock = await acquireInstanceLock(storage.folder.path);
    undo.push(() => lock.release());
    let open: (listener: RequestListener) => void = () => {};
    const whenOpen = new Promise<RequestListener>((resolve) => {
      open = resolve;
    });
    const metrics = createMetrics();
    const listening = await listen(waitFor(whenOpen), {
      port: config.PORT,
      host: config.HOST,
      maxConnections: config.MAX_CONNECTIONS,
      onRefused: (reason) => metrics.refusedConnections.inc({ reason }),
    });
    metrics.gauge("clicktrail_connections", "Open connections.", listening.connections);
    undo.push(() => listening.stop());
    const baseUrl = publicUrl(config, listening.port);
    const common = { config, log, now, storage, baseUrl, metrics };
    const parts = await createParts(common, gate.isOpen);
    const rising = bringUp({
      gate,
      log,
      migrate: () => migrateStorage(opened, now),
      start: () => startParts(parts),
    });
    undo.push(async () => rising.stop());
    const listener = await createListener(common, parts);
    await rising.attempted;
    open(listener);
    return {
      localUrl: `http://${displayHost(config.HOST)}:${listening.port}`,
      baseUrl,
      access: parts.access,
      async stop() {
        parts.stopping.abort();
        rising.stop();
        await listening.stop();
        await stopParts(parts);
        await settlesWithin(storage.db.close(), CLOSE_MS);
        await lock.release();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
}

/** Serves with a listener that is not there yet. */
function waitFor(opened: Promise<RequestListener>): RequestListener {
  let listener: RequestListener | undefined;
  void opened.then((ready) => {
    listener = ready;
  });
  return (req, res) => {
    if (listener) listener(req, res);
    else void opened.then((ready) => ready(req, res));
  };
}

interface Parts {
  readonly access: Access;
  readonly sites: Sites;
  readonly links: Links;
  readonly pipeline: Pipeline;
  readonly hooks: ServiceHooks;
  readonly openSettings: OpenSettings;
  readonly trackingPlan: TrackingPlan;
  readonly privacy: Privacy;
  readonly erasures: Erasures;
  readonly retention: RetentionTimer;
  /** Ends the streams of pages, which would never end by themselves. */
  readonly stopping: AbortController;
}

async function createParts(common: Common, isMigrated: () => boolean): Promise<Parts> {
  const warn = createRepeatLog(common.log, () => performance.now());
  const onError = (error: unknown) =>
    warn("Keys, sites or links could not be read again; the copy in memory stays.", { err: error });
  const access = createServiceAccess(common, onError);
  const sites = createServiceSites(common, access, onError);
  const links = createLinks({ ...common, access, onError });
  const openSettings = createOpenSettings({ db: common.storage.db, now: common.now, onError });
  const trackingPlan = createTrackingPlan({ db: common.storage.db, now: common.now, onError });
  const privacy = createServicePrivacy(common, access, openSettings, warn);
  const pipeline = await createPipeline({ ...common, privacy, warn, isMigrated });
  const hooks = await createServiceHooks({ ...common, access, onError });
  const erasures = privacy.createErasures(pipeline.owner, pipeline.inbox);
  return {
    access,
    sites,
    links,
    openSettings,
    trackingPlan,
    privacy,
    pipeline,
    hooks,
    erasures,
    retention: privacy.createRetentionTimer(pipeline.owner),
    stopping: new AbortController(),
  };
}

/** Everything that needs the database; consents are kept in tables that the pipeline makes. */
async function startParts(parts: Parts): Promise<void> {
  const { access, sites, links, openSettings, privacy, pipeline, hooks, erasures, retention } =
    parts;
  await access.start();
  await sites.start();
  await links.start();
  await openSettings.start();
  await parts.trackingPlan.start();
  await hooks.hooks.start();
  await privacy.start();
  await pipeline.start();
  await privacy.consents.start();
  erasures.start();
  retention.start();
  await privacy.eraseReturned(erasures);
}

async function stopParts(parts: Parts): Promise<void> {
  const { access, sites, links, openSettings, privacy, pipeline, hooks, erasures, retention } =
    parts;
  await settlesWithin(
    Promise.all([erasures.stop(), retention.stop(), hooks.hooks.stop()]),
    CLOSE_MS,
  );
  await pipeline.stop(DRAIN_MS);
  privacy.stop();
  access.stop();
  sites.stop();
  links.stop();
  openSettings.stop();
  parts.trackingPlan.stop();
}

function createServicePrivacy(
  { config, log, now, storage, metrics }: Common,
  access: Access,
  openSettings: OpenSettings,
  warn: RepeatLog,
): Privacy {
  return createPrivacy({
    db: storage.db,
    access,
    opensOf: openSettings.modeOf,
    ledgerFile: createLedgerFile(storage.folder.erasures),
    now,
    retention: retentionOf(config),
    onRetained: (report) => log.info({ ...report }, "Deleted what is older than RETENTION_DAYS."),
    onWithheld: (reason) => metrics.withheld.inc({ reason }),
    onError: (error) => warn("Trouble with consent or erasure; it tries again.", { err: error }),
  });
}

function createServiceAccess(common: Common, onError: (error: unknown) => void): Access {
  const { config, now, storage, baseUrl } = common;
  return createAccess({
    db: storage.db,
    now,
    createId: () => createId(now()),
    keyring: storage.keyring,
    baseUrl,
    environmentKeys: { apiKey: config.API_KEY, writeKey: config.WRITE_KEY },
    admin:
      config.ADMIN_EMAIL === undefined
        ? undefined
        : { email: config.ADMIN_EMAIL, password: config.ADMIN_PASSWORD },
    onError,
  });
}

function createServiceSites(
  { now, storage }: Common,
  access: Access,
  onError: (error: unknown) => void,
): Sites {
  const triggerStore = createTriggerStore(storage.db);
  return createSites({
    db: storage.db,
    async createSiteKey(workspaceId, siteId) {
      return (await access.createSiteKey(workspaceId, siteId)).key;
    },
    async readTriggers(workspaceId, siteId, version) {
      return (await triggerStore.version(workspaceId, siteId, version))?.triggers ?? [];
    },
    record: access.recordAudit,
    createId: () => createId(now()),
    now,
    onError,
  });
}

async function createListener(common: Common, parts: Parts): Promise<RequestListener> {
  const { config, log, now, storage, metrics, baseUrl } = common;
  const { access, sites, links, pipeline, privacy, openSettings } = parts;
  const { db } = storage;
  const refusesJoin = (req: IncomingMessage): boolean =>
    config.GPC_MODE === "no-join" && req.headers["sec-gpc"] === "1";
  const newId = () => createId(now());
  const { describeVisitor, ...address } = await createAddressBook(common);
  const tokens = createTokens({ keyring: storage.keyring });
  const { authorize, refsOf } = access;
  const rewriting = {
    tokens,
    basesOf: links.domains.basesOf,
    admitDestinations: links.admitDestinations,
    utmDefaultsOf: links.utmDefaults.of,
    refsOf,
    record: pipeline.record,
    now,
    createId,
  };
  const rewriter = createRewriteService(rewriting);
  const triggers = createTriggers({
    store: createTriggerStore(db),
    findSite: sites.find,
    refresh: sites.refresh,
    record: access.recordAudit,
    previewKeys: storage.keyring.keysFor("preview"),
    createId: newId,
    now,
  });

  const failedEvents = createFailedEvents({
    store: createFailedStore(db),
    record: pipeline.record,
    keepRejected: pipeline.keepRejected,
    storableIp: address.storableIp,
    findPlanned: parts.trackingPlan.find,
    clickParam: config.CLICK_PARAM,
    now,
  });
  const auditFailed = (caller: Caller, action: FailedAction, subject: string) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `failed_event.${action}`, subject);
  const auditPlan = (caller: Caller, action: string, name: string) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `tracking_plan.${action}`, name);
  const review = createReview({ db, now, createId: newId, record: pipeline.record, sleep });
  const auditDecision = (caller: Caller, { decision, into, from }: NewDecision) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `suggestion.${decision}`, into, {
      from,
    });
  const changeOpens = async (caller: Caller, mode: OpenMode) => {
    const { workspaceId } = caller;
    await openSettings.change(workspaceId, mode);
    await access.recordAudit(workspaceId, actorOf(caller), "opens.change", "opens", { mode });
  };

  const app = createApp({
    baseUrl,
    trustProxy: trustOf(config.TRUST_PROXY),
    createId: newId,
    logError({ error, ...where }) {
      log.error({ err: error, ...where }, "A request failed for a reason nobody foresaw.");
    },
    rateLimit: access.rateLimit,
    routers: [
      createCollectRoutes({
        findKey: access.findKey,
        record: pipeline.record,
        keepRejected: pipeline.keepRejected,
        ...address,
        createId: newId,
        now,
        clickParam: config.CLICK_PARAM,
        refusesJoin,
        findPlanned: parts.trackingPlan.find,
      }),
      createPlanRoutes({ trackingPlan: parts.trackingPlan, authorize, auditPlan }),
      createFailedRoutes({ failedEvents, authorize, auditFailed }),
      createServiceHookRoutes(parts.hooks, { storage, access, pipeline, now }),
      createVendorRoutes({ findKey: access.findKey, baseUrl }),
      createEmailRoutes({ ...rewriting, authorize, bodyLimit: config.BODY_LIMIT }),
      createCampaignRoutes({ authorize, campaigns: links.campaigns }),
      createContactRoutes({ review, authorize, auditDecision }),
      createUtmRoutes({ authorize, utmDefaults: links.utmDefaults }),
      createDomainRoutes({ ...links, authorize }),
      createWellKnownRoutes({
        ...links,
        securityContact: config.SECURITY_CONTACT,
        baseUrl,
        now,
      }),
      createReportRoutes({ db, authorize, refsOf, now }),
      createQualityRoutes({ db, authorize, now }),
      createExportRoutes({ db, authorize, refsOf }),
      createPrivacyRoutes({ authorize, ...privacy, erasures: parts.erasures }),
      createScriptRoutes({ sites, triggers, files: loadScriptFiles(), findKey: access.findKey }),
      createSiteRoutes({ authorize, sites }),
      createTriggerRoutes({ authorize, triggers }),
      createTrackingRoutes({ authorize, openSettings, changeOpens }),
      createAccessRoutes({ ...access, now }),
    ],
    health: {
      async readiness() {
        const readiness = await pipeline.readiness();
        return parts.stopping.signal.aborted ? { ...readiness, ready: false } : readiness;
      },
      metrics: metrics.registry,
      metricsToken: config.METRICS_TOKEN,
    },
    pages: {
      access,
      now,
      stopping: parts.stopping.signal,
      listContacts: (workspaceId, query) => listContacts(db, workspaceId, query),
      findContact: (workspaceId, id) => findContact(db, refsOf(workspaceId), workspaceId, id),
      readJourney: (workspaceId, id, query) =>
        readJourney(db, refsOf(workspaceId), workspaceId, id, query),
      latestEvents: (workspaceId, sinceSeq, limit) =>
        latestEvents(db, workspaceId, sinceSeq, limit),
      async rewriteMail(workspaceId, mail) {
        const { html, text, ...request } = validate(rewriteBodySchema, mail);
        const rewritten = await rewriter.rewrite(workspaceId, request, { html, text });
        return { html: rewritten.html ?? html, ...rewritten.answer };
      },
      campaigns: links.campaigns,
      readTraffic: (workspaceId, query) => readTraffic(db, workspaceId, query),
      readQuality: (workspaceId, query) => readQuality(db, workspaceId, query),
      signalTexts: describeSignals(await loadSignals()),
      review,
      auditDecision,
      failedEvents,
      auditFailed,
      utmDefaults: links.utmDefaults,
      opensOf: openSettings.modeOf,
      privacy: {
        readConsent: privacy.consentKeeper.read,
        changeConsent: privacy.consentKeeper.change,
        exportContact: privacy.exportContact,
        erasures: parts.erasures,
        retention: retentionOf(config),
      },
      changeOpens,
      domains: links.domains,
      hooks: parts.hooks.hooks,
      listSites: sites.list,
      updateSite: sites.update,
      addSiteKey: sites.addKey,
      triggers,
      async createSite(workspaceId, site) {
        const created = await sites.create(workspaceId, validate(newSiteSchema, site));
        return { id: created.site.id, write_key: created.writeKey };
      },
    },
  });

  return createFront({
    basePath: new URL(baseUrl).pathname.replace(/\/$/, ""),
    refusesJoin,
    openPath: createOpenPath({
      ...tokens,
      findException: links.findException,
      fillSlots,
      isMergeTag,
      consentOf: privacy.guard.hitConsent,
      mayCountOpen: openSettings.consentOf,
    }),
    isForeignHost: links.domains.isForeign,
    addClickParameter: createClickParameter({
      name: config.CLICK_PARAM,
      isSiteHost: sites.isSiteHost,
    }),
    record: pipeline.recordHit,
    floods: createFloods({ record: pipeline.recordHit, createId }),
    describeVisitor,
    now,
    createId,
    onHit: metrics.countHit,
    onMiss: (kind, reason) => metrics.misses.inc({ kind, reason }),
    notFoundPage: renderLinkPage("unknown"),
    gonePage: renderLinkPage,
    app,
  });
}

/** What the doors ask of a request's address. Full addresses live only as long as this takes. */
async function createAddressBook({ config, storage }: Common) {
  const addressOf = createClientAddress(config.TRUST_PROXY);
  const networkOf = await readNetworks(config.NETWORKS_FILE);
  const salt = storage.keyring.keysFor("address").current.bytes;
  const storableIp = (ip: string) => truncateIp(ip, config.IP_MODE, salt);
  const visitors = createRecentCache<Pick<Visitor, "ip" | "network">>(REMEMBERED);
  const describeAddress = (ip: string) => {
    const known = visitors.get(ip);
    if (known) return known;
    const described = { ip: storableIp(ip), network: networkOf(ip) };
    visitors.set(ip, described);
    return described;
  };
  return {
    clientIp: (req: IncomingMessage) => addressOf(req).ip,
    isSecure: (req: IncomingMessage) => addressOf(req).tls,
    storableIp,
    networkOf,
    describeVisitor(req: IncomingMessage) {
      const { ip, tls } = addressOf(req);
      return { ...describeAddress(ip), tls };
    },
  };
}

async function readNetworks(file: string | undefined): Promise<ClassifyNetwork> {
  if (file === undefined) return () => undefined;
  try {
    return createNetworks(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_config", 500, `NETWORKS_FILE ${file} cannot be read as JSON.`, {
      cause: error,
    });
  }
}

function isMergeTag(text: string): boolean {
  const { tags, unbalanced } = findMergeTags(text);
  return tags.length > 0 && !unbalanced;
}

/** Express takes hops as a number, addresses as a list. */
function trustOf(setting: string): number | string[] {
  return /^\d+$/.test(setting) ? Number(setting) : setting.split(",").map((part) => part.trim());
}
