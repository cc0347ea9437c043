import type { Access } from "./access/access.ts";
import { DEFAULT_WORKSPACE_ID } from "./access/directory.ts";
import { type Campaigns, createCampaigns } from "./email/campaigns.ts";
import { type AdmitDestinations, createDestinationQuota } from "./email/destination-quota.ts";
import { createExceptions, type Exceptions } from "./email/exceptions.ts";
import { createTrackedTest } from "./email/rewrite/eligibility.ts";
import { createUtmDefaults, type UtmDefaults } from "./email/utm-defaults.ts";
import type { Clock } from "./lib/clock.ts";
import type { Config } from "./lib/config.ts";
import type { KeptCopies } from "./lib/kept-copy.ts";
import { createLinkDomains, proofOf } from "./link-domains.ts";
import type { Storage } from "./storage.ts";
import { type AppLinks, createAppLinks } from "./tracking/app-links.ts";
import type { Domains } from "./tracking/domains.ts";

/** What links may lead to, and what is changed of them after their mails were sent. */
export interface Links {
  readonly campaigns: Campaigns;
  readonly utmDefaults: UtmDefaults;
  readonly findException: Exceptions["find"];
  readonly admitDestinations: AdmitDestinations;
  readonly domains: Domains;
  readonly appLinks: AppLinks;
  /** What our proof path answers: the same on every node, and nobody else knows it. */
  readonly proof: string;
  /** Takes what an earlier run kept of the exceptions, for a database that is away. */
  restore(): Promise<void>;
  /** Loads the copies in memory that redirects and rewrites ask; survives a missing database. */
  start(): Promise<void>;
  stop(): void;
}

interface LinksDeps {
  readonly config: Config;
  readonly now: Clock;
  readonly storage: Storage;
  readonly kept: KeptCopies;
  readonly baseUrl: string;
  readonly access: Pick<Access, "recordAudit">;
  /** Told of each failed refresh. */
  readonly onError: (error: unknown) => void;
}

/** Puts together everything about links but the redirect itself. */
export function createLinks(deps: LinksDeps): Links {
  const { config, now, storage, access, onError } = deps;
  const { db } = storage;
  const exceptions = createExceptions({
    db,
    kept: deps.kept.of("links"),
    now,
    fallback: config.LINK_FALLBACK_URL,
    onError,
  });
  const admitDestinations = createDestinationQuota({
    db,
    now,
    limit: config.NEW_HOSTS_PER_DAY,
    isExempt: (workspaceId) => workspaceId === DEFAULT_WORKSPACE_ID,
    onRefused: (workspaceId, hosts) =>
      access.recordAudit(workspaceId, SYSTEM, "destinations.refuse", hosts[0] ?? "", {
        hosts: hosts.slice(0, 10),
      }),
  });
  const domains = createLinkDomains(deps);
  const campaigns = createCampaigns({
    db,
    now,
    recordAudit: access.recordAudit,
    refreshExceptions: exceptions.refresh,
    isTracked: (workspaceId, url) => createTrackedTest(domains.basesOf(workspaceId))(url),
    admitDestinations,
  });
  const { recordAudit } = access;
  const utmDefaults = createUtmDefaults({ db, now, recordAudit, onError });
  return {
    campaigns,
    utmDefaults,
    findException: exceptions.find,
    admitDestinations,
    domains,
    appLinks: createAppLinks({
      db,
      now,
      domains,
      ownWorkspaceId: DEFAULT_WORKSPACE_ID,
      recordAudit: access.recordAudit,
    }),
    proof: proofOf(storage),
    restore: exceptions.restore,
    async start() {
      await Promise.all([exceptions.start(), domains.start(), utmDefaults.start()]);
    },
    stop() {
      exceptions.stop();
      domains.stop();
      utmDefaults.stop();
    },
  };
}

const SYSTEM = { kind: "system", id: "system" } as const;
