import type { Caller } from "../../lib/caller.ts";
import { AppError } from "../../lib/errors.ts";
import type { KeyPair } from "../../lib/keyring.ts";
import { createHostSet } from "../hosts.ts";
import type { Site } from "../store.ts";
import { openPreview, sealPreview } from "./preview-token.ts";
import type { Trigger, TriggerDefinition } from "./schema.ts";
import type { DraftTrigger, TriggerStore, TriggerVersion } from "./store.ts";

/** Who changes something: for the audit log, and by name for the history. */
export interface Author {
  readonly kind: Caller["kind"];
  readonly id: string;
  readonly name: string;
}

interface TriggersDeps {
  readonly store: TriggerStore;
  /** @throws {AppError} `not_found` (404) */
  findSite(workspaceId: number, siteId: string): Promise<Site>;
  /** Takes what was published into the copy in memory. */
  refresh(): Promise<void>;
  /** Appends to the audit log. */
  record(
    workspaceId: number,
    by: Author,
    action: string,
    subject: string,
    detail: Record<string, unknown>,
  ): Promise<void>;
  readonly previewKeys: KeyPair;
  /** Time-ordered, so that triggers list by age. */
  createId(): string;
  now(): number;
}

/** The draft of a site, and what of it is published. */
export interface TriggerDraft {
  readonly site: Site;
  readonly draft: readonly DraftTrigger[];
  readonly live: TriggerVersion | undefined;
  /** Whether publishing would change anything. */
  readonly isChanged: boolean;
}

/** Triggers of sites: the draft, its versions, its preview. `by` is who asks. */
export interface Triggers {
  draft(workspaceId: number, siteId: string): Promise<TriggerDraft>;
  /** @throws {AppError} `not_found` (404) */
  find(workspaceId: number, siteId: string, triggerId: string): Promise<Trigger>;
  /** @throws {AppError} `invalid_body` (422) where the site has 100 triggers already */
  add(
    workspaceId: number,
    siteId: string,
    definition: TriggerDefinition,
    by: Author,
  ): Promise<Trigger>;
  replace(workspaceId: number, siteId: string, trigger: Trigger, by: Author): Promise<Trigger>;
  remove(workspaceId: number, siteId: string, triggerId: string): Promise<void>;
  versions(workspaceId: number, siteId: string): Promise<TriggerVersion[]>;
  /** Resolves when this node serves it; the others follow within a second. */
  publish(workspaceId: number, siteId: string, note: string, by: Author): Promise<TriggerVersion>;
  /** Publishes an earlier version again, as a new one, and makes it the draft too. */
  restore(
    workspaceId: number,
    siteId: string,
    version: number,
    by: Author,
  ): Promise<TriggerVersion>;
  /**
   * A link to a page of the site that shows what the draft does there, for a day.
   *
   * @param page of the site; its first host's home page unless given
   */
  preview(
    workspaceId: number,
    siteId: string,
    page: string | undefined,
  ): Promise<{ url: string; expiresAt: number }>;
  /** The draft that a preview's token opens for a site; undefined for a token that is over or no good. */
  previewed(workspaceId: number, siteId: string, token: string): Promise<Trigger[] | undefined>;
}

const MAX_TRIGGERS = 100;
const PREVIEW_MS = 24 * 3_600_000;

/** The service over the two tables. */
export function createTriggers(deps: TriggersDeps): Triggers {
  const { store, findSite, refresh, record, previewKeys, createId, now } = deps;

  async function draftOf(workspaceId: number, siteId: string): Promise<TriggerDraft> {
    const site = await findSite(workspaceId, siteId);
    const draft = await store.draft(workspaceId, siteId);
    const { liveVersion } = site;
    const live =
      liveVersion === null ? undefined : await store.version(workspaceId, siteId, liveVersion);
    const drafted = draft.map(({ trigger }) => trigger);
    const isChanged = JSON.stringify(drafted) !== JSON.stringify(live?.triggers ?? []);
    return { site, draft, live, isChanged };
  }

  async function find(workspaceId: number, siteId: string, triggerId: string): Promise<Trigger> {
    const { draft } = await draftOf(workspaceId, siteId);
    const found = draft.find(({ trigger }) => trigger.id === triggerId);
    if (!found) throw noSuch("trigger", triggerId);
    return found.trigger;
  }

  async function put(workspaceId: number, siteId: string, trigger: Trigger, by: Author) {
    await store.put(workspaceId, siteId, { trigger, changedAt: now(), changedBy: by.name });
    return trigger;
  }

  async function nextVersion(workspaceId: number, siteId: string): Promise<number> {
    const [newest] = await store.versions(workspaceId, siteId);
    return (newest?.version ?? 0) + 1;
  }

  return {
    draft: draftOf,
    find,
    async add(workspaceId, siteId, definition, by) {
      const { draft } = await draftOf(workspaceId, siteId);
      if (draft.length >= MAX_TRIGGERS) {
        throw new AppError("invalid_body", 422, `A site has at most ${MAX_TRIGGERS} triggers.`, {
          hint: "Delete one that nobody needs; a condition that matches `a|b` saves another.",
        });
      }
      return put(workspaceId, siteId, { id: createId(), ...definition }, by);
    },
    async replace(workspaceId, siteId, trigger, by) {
      await find(workspaceId, siteId, trigger.id);
      return put(workspaceId, siteId, trigger, by);
    },
    async remove(workspaceId, siteId, triggerId) {
      await findSite(workspaceId, siteId);
      if (!(await store.remove(workspaceId, siteId, triggerId))) throw noSuch("trigger", triggerId);
    },
    async versions(workspaceId, siteId) {
      await findSite(workspaceId, siteId);
      return store.versions(workspaceId, siteId);
    },
    async publish(workspaceId, siteId, note, by) {
      const { draft } = await draftOf(workspaceId, siteId);
      const published: TriggerVersion = {
        version: await nextVersion(workspaceId, siteId),
        triggers: draft.map(({ trigger }) => trigger),
        note,
        restores: null,
        publishedAt: now(),
        publishedBy: by.name,
      };
      await store.publish(workspaceId, siteId, published);
      await refresh();
      await record(workspaceId, by, "triggers.publish", siteId, { version: published.version });
      return published;
    },
    async restore(workspaceId, siteId, version, by) {
      await findSite(workspaceId, siteId);
      const earlier = await store.version(workspaceId, siteId, version);
      if (!earlier) throw noSuch("version", String(version));
      const published: TriggerVersion = {
        version: await nextVersion(workspaceId, siteId),
        triggers: earlier.triggers,
        note: earlier.note,
        restores: version,
        publishedAt: now(),
        publishedBy: by.name,
      };
      await store.restore(workspaceId, siteId, published);
      await refresh();
      const detail = { version: published.version, restores: version };
      await record(workspaceId, by, "triggers.restore", siteId, detail);
      return published;
    },
    async preview(workspaceId, siteId, page) {
      const site = await findSite(workspaceId, siteId);
      if (site.hosts.length === 0) throw noHosts(site);
      const url = new URL(page ?? homeOf(site));
      if (!/^https?:$/.test(url.protocol) || !createHostSet(site.hosts).has(url.host)) {
        throw new AppError("invalid_body", 422, `${url.host || "That"} is no host of this site.`, {
          hint: `Give a page of ${site.hosts.join(" or ")}.`,
          errors: [{ pointer: "/url", message: `Expected a page of ${site.hosts.join(" or ")}.` }],
        });
      }
      const expiresAt = now() + PREVIEW_MS;
      const token = sealPreview({ workspaceId, siteId, expiresAt }, previewKeys);
      url.searchParams.set("clicktrail_preview", token);
      return { url: url.href, expiresAt };
    },
    async previewed(workspaceId, siteId, token) {
      const opened = openPreview(token, previewKeys, now());
      if (opened?.workspaceId !== workspaceId || opened.siteId !== siteId) return undefined;
      return (await store.draft(workspaceId, siteId)).map(({ trigger }) => trigger);
    },
  };
}

/** Wildcards have no page of their own; what runs on this machine seldom has a certificate. */
function homeOf({ hosts: [host = ""] }: Site): string {
  const bare = host.replace(/^\*\./, "");
  return `${/^(localhost|127\.|\[::1\])/.test(bare) ? "http" : "https"}://${bare}/`;
}

function noHosts({ id }: Site): AppError {
  return new AppError("invalid_body", 422, "This site has no host yet.", {
    hint: `Name its hosts first: PATCH /v1/sites/${id} with {"hosts": ["shop.example"]}.`,
  });
}

function noSuch(what: string, id: string): AppError {
  return new AppError("not_found", 404, `There is no ${what} "${id}" of this site.`);
}
