import { setTimeout as sleep } from "node:timers/promises";
import { actorOf } from "./access/access.ts";
import { createAccessRoutes } from "./access/routes.ts";
import { createAddressBook } from "./address-book.ts";
import { createFailedEvents } from "./collect/failed-events.ts";
import { createWaitingReports } from "./collect/hooks/waiting-reports.ts";
import { createCollectRoutes } from "./collect/routes.ts";
import { createConversionRoutes } from "./collect/routes-conversions.ts";
import { createFailedRoutes, type FailedAction } from "./collect/routes-failed.ts";
import { createPlanRoutes } from "./collect/routes-plan.ts";
import { createVendorRoutes } from "./collect/routes-vendor.ts";
import { createFailedStore } from "./collect/store-failed.ts";
import { createReview, type NewDecision } from "./contacts/review.ts";
import { createContactRoutes } from "./contacts/routes.ts";
import { createPrivacyRoutes } from "./contacts/routes-privacy.ts";
import { findMergeTags } from "./email/rewrite/merge-tags.ts";
import { fillSlots } from "./email/rewrite/slots.ts";
import { createEmailRoutes } from "./email/routes.ts";
import { createCampaignRoutes } from "./email/routes-campaigns.ts";
import { createUtmRoutes } from "./email/routes-utm.ts";
import { rewriteBodySchema } from "./email/schemas.ts";
import { createRewriteService } from "./email/service.ts";
import { createTokens } from "./email/tokens.ts";
import { createServiceHookRoutes } from "./hooks.ts";
import { createApp } from "./http/app.ts";
import { renderLinkPage } from "./http/link-page.ts";
import type { Answering } from "./http/listen.ts";
import type { Caller } from "./lib/caller.ts";
import { retentionOf } from "./lib/config.ts";
import type { RequestHead } from "./lib/front.ts";
import { createId } from "./lib/ids.ts";
import { validate } from "./lib/validate.ts";
import { latestEvents } from "./log/latest-events.ts";
import type { Common, Parts } from "./parts.ts";
import { readEventUse } from "./reports/event-use.ts";
import { readQuality } from "./reports/quality.ts";
import { createReportRoutes } from "./reports/routes.ts";
import { createExportRoutes } from "./reports/routes-export.ts";
import { createQualityRoutes } from "./reports/routes-quality.ts";
import { findContact, listContacts, readJourney } from "./reports/store.ts";
import { readTraffic } from "./reports/traffic.ts";
import { judgeEarlyClick } from "./site/early-click.ts";
import { createSiteRoutes, newSiteSchema } from "./site/routes.ts";
import { createScriptRoutes } from "./site/routes-script.ts";
import { createTriggerRoutes } from "./site/routes-triggers.ts";
import { loadScriptFiles, loadSegmentScript } from "./site/script-file.ts";
import { createTriggerStore } from "./site/triggers/store.ts";
import { createTriggers } from "./site/triggers/triggers.ts";
import { createClickParameter } from "./tracking/click-parameter.ts";
import { createFloods } from "./tracking/floods.ts";
import { createFront } from "./tracking/front.ts";
import { createOpenPath } from "./tracking/open-path.ts";
import type { OpenMode } from "./tracking/open-settings.ts";
import { createTrackingRoutes } from "./tracking/routes.ts";
import { createDomainRoutes } from "./tracking/routes-domains.ts";
import { createWellKnownRoutes } from "./tracking/routes-well-known.ts";
import { describeSignals, loadSignals } from "./traffic/signals.ts";

/** Puts the doors and the pages on the parts. */
export async function createListener(common: Common, parts: Parts): Promise<Answering> {
  const { config, log, now, storage, metrics, baseUrl } = common;
  const { access, sites, links, pipeline, privacy, openSettings } = parts;
  const { db } = storage;
  const refusesJoin = ({ headers }: RequestHead): boolean =>
    config.GPC_MODE === "no-join" && headers["sec-gpc"] === "1";
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
    reports: parts.hooks.reports,
    now,
  });
  const waitingReports = createWaitingReports({
    failedEvents,
    workspaces: access.listWorkspaces,
    isSettled: pipeline.inbox.isSettled,
    onError: (error) =>
      parts.warn("Kept reports could not be matched; it tries again.", { err: error }),
  });
  waitingReports.start();
  parts.stopping.signal.addEventListener("abort", waitingReports.stop);
  const auditFailed = (caller: Caller, action: FailedAction, subject: string) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `failed_event.${action}`, subject);
  const auditPlan = (caller: Caller, action: string, name: string) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `tracking_plan.${action}`, name);
  const auditConversion = (caller: Caller, action: string, name: string) =>
    access.recordAudit(caller.workspaceId, actorOf(caller), `conversion.${action}`, name);
  const { isConversion } = parts.conversions;
  const setConversion = async (caller: Caller, name: string, isOn: boolean) => {
    await parts.conversions.set(caller.workspaceId, name, isOn);
    await auditConversion(caller, isOn ? "mark" : "unmark", name);
  };
  const planning = { trackingPlan: parts.trackingPlan, auditPlan, isConversion, setConversion };
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
        checkRoom: pipeline.checkRoom,
        record: pipeline.record,
        recordRequest: pipeline.recordRequest,
        mayKeepRequests: pipeline.mayKeepRequests,
        keepRejected: pipeline.keepRejected,
        ...address,
        createId: newId,
        now,
        clickParam: config.CLICK_PARAM,
        refusesJoin,
        findPlanned: parts.trackingPlan.find,
        judgeEarlyClick: ({ workspaceId, id }, click) =>
          judgeEarlyClick(click, sites.live(workspaceId, id)),
      }),
      createPlanRoutes({ ...planning, authorize }),
      createConversionRoutes({ conversions: parts.conversions, authorize, auditConversion }),
      createFailedRoutes({ failedEvents, authorize, auditFailed }),
      createServiceHookRoutes(parts.hooks, {
        storage,
        access,
        pipeline,
        now,
        onWaiting: waitingReports.note,
      }),
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
      createReportRoutes({ db, authorize, refsOf, now, isConversion }),
      createQualityRoutes({ db, authorize, now, isConversion }),
      createExportRoutes({ db, authorize, refsOf }),
      createPrivacyRoutes({ authorize, ...privacy, erasures: parts.erasures }),
      createScriptRoutes({
        sites,
        triggers,
        files: loadScriptFiles(),
        segmentScript: loadSegmentScript(config.CLICK_PARAM),
        findKey: access.findKey,
      }),
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
      clickParam: config.CLICK_PARAM,
      stopping: parts.stopping.signal,
      listContacts: (workspaceId, query) => listContacts(db, workspaceId, query),
      findContact: (workspaceId, id) => findContact(db, refsOf(workspaceId), workspaceId, id),
      readJourney: (workspaceId, id, query) =>
        readJourney(db, refsOf(workspaceId), workspaceId, id, query, isConversion),
      latestEvents: (workspaceId, sinceSeq, limit) =>
        latestEvents(db, workspaceId, sinceSeq, limit),
      async rewriteMail(workspaceId, mail) {
        const { html, text, ...request } = validate(rewriteBodySchema, mail);
        const rewritten = await rewriter.rewrite(workspaceId, request, { html, text });
        return { html: rewritten.html ?? html, ...rewritten.answer };
      },
      campaigns: links.campaigns,
      readTraffic: (workspaceId, query) => readTraffic(db, workspaceId, query),
      readQuality: (workspaceId, query) => readQuality(db, workspaceId, query, isConversion),
      ...planning,
      readEventUse: (workspaceId, span) => readEventUse(db, workspaceId, span),
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

  const front = createFront({
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
  });
  return { front, app };
}

function isMergeTag(text: string): boolean {
  const { tags, unbalanced } = findMergeTags(text);
  return tags.length > 0 && !unbalanced;
}

/** Express takes hops as a number, addresses as a list. */
function trustOf(setting: string): number | string[] {
  return /^\d+$/.test(setting) ? Number(setting) : setting.split(",").map((part) => part.trim());
}
