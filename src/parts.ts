import { type Access, createAccess } from "./access/access.ts";
import { DEFAULT_SITE_ID, DEFAULT_WORKSPACE_ID } from "./access/directory.ts";
import { type Conversions, createConversions } from "./collect/conversions.ts";
import { createTrackingPlan, type TrackingPlan } from "./collect/tracking-plan.ts";
import type { Erasures } from "./contacts/privacy/erasures.ts";
import type { RetentionTimer } from "./contacts/privacy/retention-timer.ts";
import { createLedgerFile } from "./contacts/store-ledger-file.ts";
import { createServiceHooks, type ServiceHooks } from "./hooks.ts";
import type { Clock } from "./lib/clock.ts";
import { type Config, retentionOf } from "./lib/config.ts";
import { createId } from "./lib/ids.ts";
import { createKeptCopies, type KeptCopies } from "./lib/kept-copy.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";
import { createRepeatLog, type RepeatLog } from "./lib/repeat-log.ts";
import { settlesWithin } from "./lib/within.ts";
import { createLinks, type Links } from "./links.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { createPrivacy, type Privacy } from "./privacy.ts";
import { createSites, type Sites } from "./site/sites.ts";
import { createTriggerStore } from "./site/triggers/store.ts";
import type { Storage } from "./storage.ts";
import { createOpenSettings, type OpenSettings } from "./tracking/open-settings.ts";

/** What the parts of the service have in common. */
export interface Common {
  readonly config: Config;
  readonly log: Logger;
  readonly now: Clock;
  readonly metrics: Metrics;
  readonly storage: Storage;
  /** The public address without a trailing slash. */
  readonly baseUrl: string;
}

/** How long a stop waits for the import; the rest stays in the journal. */
const DRAIN_MS = 3000;

/** How long a stop waits for a database that may be away or frozen. */
export const CLOSE_MS = 2000;

/** The parts of a running service, in the order in which they need each other. */
export interface Parts {
  readonly access: Access;
  readonly sites: Sites;
  readonly links: Links;
  readonly pipeline: Pipeline;
  readonly hooks: ServiceHooks;
  readonly openSettings: OpenSettings;
  readonly trackingPlan: TrackingPlan;
  readonly conversions: Conversions;
  readonly privacy: Privacy;
  readonly erasures: Erasures;
  readonly retention: RetentionTimer;
  readonly kept: KeptCopies;
  /** Logs what comes again and again while something is away. */
  readonly warn: RepeatLog;
  /** Ends the streams of pages, which would never end by themselves. */
  readonly stopping: AbortController;
}

/** Makes the parts; nothing is read yet. */
export async function createParts(common: Common, isMigrated: () => boolean): Promise<Parts> {
  const warn = createRepeatLog(common.log, () => performance.now());
  const onError = (error: unknown) =>
    warn("Keys, sites or links could not be read again; the copy in memory stays.", { err: error });
  const access = createServiceAccess(common, onError);
  const kept = createKeptCopies(common.storage.folder.kept, (error) =>
    warn("A copy for a start without the database could not be read or written.", { err: error }),
  );
  const sites = createServiceSites(common, access, kept, onError);
  const links = createLinks({ ...common, kept, access, onError });
  const openSettings = createOpenSettings({
    db: common.storage.db,
    kept: kept.of("opens"),
    now: common.now,
    onError,
  });
  const trackingPlan = createTrackingPlan({ db: common.storage.db, now: common.now, onError });
  const conversions = createConversions({ db: common.storage.db, now: common.now, onError });
  const privacy = createServicePrivacy(common, access, openSettings, kept, warn);
  const pipeline = await createPipeline({ ...common, privacy, warn, isMigrated });
  const hooks = await createServiceHooks({ ...common, kept: kept.of("hooks"), access, onError });
  const erasures = privacy.createErasures(pipeline.owner, pipeline.inbox);
  return {
    access,
    sites,
    links,
    openSettings,
    trackingPlan,
    conversions,
    privacy,
    pipeline,
    hooks,
    erasures,
    retention: privacy.createRetentionTimer(pipeline.owner),
    kept,
    warn,
    stopping: new AbortController(),
  };
}

/** Takes what an earlier run kept, for a database that is away: what was stopped since a mail was sent stays stopped. */
export async function restoreParts(parts: Parts): Promise<void> {
  const { sites, links, openSettings, privacy, hooks } = parts;
  await Promise.all([
    sites.restore(),
    links.restore(),
    openSettings.restore(),
    privacy.consents.restore(),
    hooks.hooks.restore(),
  ]);
}

/** Everything that needs the database; consents are kept in tables that the pipeline makes. */
export async function startParts(parts: Parts): Promise<void> {
  const { access, sites, links, openSettings, privacy, pipeline, hooks, erasures, retention } =
    parts;
  await access.start();
  await sites.start();
  await links.start();
  await openSettings.start();
  await parts.trackingPlan.start();
  await parts.conversions.start();
  await hooks.hooks.start();
  await privacy.start();
  await pipeline.start();
  await privacy.consents.start();
  erasures.start();
  retention.start();
  await privacy.eraseReturned(erasures);
}

/** Stops them; what is not imported in time stays in the journal. */
export async function stopParts(parts: Parts): Promise<void> {
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
  parts.conversions.stop();
  await settlesWithin(parts.kept.settle(), CLOSE_MS);
}

function createServicePrivacy(
  { config, log, now, storage, metrics }: Common,
  access: Access,
  openSettings: OpenSettings,
  kept: KeptCopies,
  warn: RepeatLog,
): Privacy {
  return createPrivacy({
    db: storage.db,
    access,
    opensOf: openSettings.modeOf,
    ledgerFile: createLedgerFile(storage.folder.erasures),
    keptConsents: kept.of("consents"),
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
  { config, now, storage }: Common,
  access: Access,
  kept: KeptCopies,
  onError: (error: unknown) => void,
): Sites {
  const hasBuiltIn = config.WRITE_KEY !== undefined;
  const triggerStore = createTriggerStore(storage.db);
  return createSites({
    db: storage.db,
    kept: kept.of("sites"),
    builtInSite: hasBuiltIn
      ? { workspaceId: DEFAULT_WORKSPACE_ID, id: DEFAULT_SITE_ID }
      : undefined,
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
