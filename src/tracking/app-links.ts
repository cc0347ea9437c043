import { z } from "zod";
import type { Db } from "../db/db.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import { AppError } from "../lib/errors.ts";
import type { Json } from "../lib/json.ts";
import { validate } from "../lib/validate.ts";
import type { Domains } from "./domains.ts";
import { createDomainStore } from "./store-domains.ts";

/** The files by which iOS and Android let an app open a host's links. */
export const APP_LINK_FILES = ["apple-app-site-association", "assetlinks.json"] as const;

export type AppLinkFile = (typeof APP_LINK_FILES)[number];

interface AppLinksDeps {
  readonly db: Db;
  readonly now: () => number;
  readonly domains: Pick<Domains, "list" | "workspaceOf" | "target">;
  /** The workspace to which the host of BASE_URL itself belongs. */
  readonly ownWorkspaceId: number;
  readonly recordAudit: RecordAudit;
}

/** The app link files of every domain. */
export interface AppLinks {
  /** @throws {AppError} `not_found` (404) for a host that is not the workspace's */
  read(workspaceId: number, host: string, file: AppLinkFile): Promise<string | undefined>;
  /** Null deletes it. @throws {AppError} `invalid_body` (422) for what the platform would not take */
  write(
    workspaceId: number,
    host: string,
    file: AppLinkFile,
    body: Json,
    actor: Actor,
  ): Promise<void>;
  /** What a host serves, to whoever asks. */
  serve(host: string, file: AppLinkFile): Promise<string | undefined>;
}

const SCHEMAS = {
  /** @see https://developer.apple.com/documentation/xcode/supporting-associated-domains */
  "apple-app-site-association": z
    .looseObject({})
    .refine(
      (file) => ["applinks", "webcredentials", "appclips"].some((key) => key in file),
      "Expected an object with `applinks`, `webcredentials` or `appclips`.",
    ),
  /** @see https://developers.google.com/digital-asset-links/v1/getting-started */
  "assetlinks.json": z
    .array(z.looseObject({ relation: z.array(z.string()).min(1), target: z.looseObject({}) }))
    .min(1, "Expected a list of at least one statement."),
} satisfies Record<AppLinkFile, z.ZodType>;

export function createAppLinks(deps: AppLinksDeps): AppLinks {
  const { db, now, domains, ownWorkspaceId, recordAudit } = deps;
  const store = createDomainStore(db);

  function ownHost(workspaceId: number, given: string): string {
    const host = given.toLowerCase();
    const isOwn = host === domains.target && workspaceId === ownWorkspaceId;
    if (isOwn || domains.list(workspaceId).some((one) => one.host === host)) return host;
    throw new AppError("not_found", 404, "There is no such domain in this workspace.");
  }

  return {
    read: async (workspaceId, host, file) =>
      store.appLinks(workspaceId, ownHost(workspaceId, host), file),
    async write(workspaceId, given, file, body, actor) {
      const host = ownHost(workspaceId, given);
      const text = body === null ? null : JSON.stringify(validate(SCHEMAS[file], body));
      await store.setAppLinks(workspaceId, host, file, text, now());
      const detail = { file, deleted: text === null };
      await recordAudit(workspaceId, actor, "domain.app_links", host, detail);
    },
    async serve(host, file) {
      const owner = domains.workspaceOf(host);
      const workspaceId = owner ?? (host === domains.target ? ownWorkspaceId : undefined);
      return workspaceId === undefined ? undefined : store.appLinks(workspaceId, host, file);
    },
  };
}
