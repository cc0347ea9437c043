import type { Scope } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { type WorkspaceOption, withContext, workspaceOf } from "./context.ts";

const DAY_MS = 86_400_000;
const CLI_ACTOR = { kind: "system", id: "cli" } as const;

interface NewKeyOptions extends WorkspaceOption {
  readonly name: string;
  readonly scope: readonly Scope[];
  readonly expires?: string;
}

/** `clicktrail keys create`: prints the key, once, alone on standard output. */
export async function createKey(options: NewKeyOptions): Promise<void> {
  const { name, scope, expires } = options;
  await withContext(async (context) => {
    const { access, now } = context;
    const workspaceId = await workspaceOf(context, options);
    const expiresAt = expires === undefined ? undefined : now() + parseDays(expires) * DAY_MS;
    const key = { name, scopes: scope, expiresAt };
    const created = await access.createApiKey(workspaceId, key, CLI_ACTOR);
    console.log(created.key);
    console.error(`Key ${created.id} (${created.scopes.join(", ")}). It is not shown again.`);
  });
}

/** `clicktrail keys list`. */
export async function listKeys(options: WorkspaceOption & { json?: boolean }): Promise<void> {
  await withContext(async (context) => {
    const keys = await context.access.listKeys(await workspaceOf(context, options));
    if (options.json) {
      console.log(JSON.stringify(keys, null, 2));
      return;
    }
    if (keys.length === 0) console.error("No keys yet. Create one with `clicktrail keys create`.");
    for (const { id, prefix, kind, name, scopes, revoked_at } of keys) {
      const state = revoked_at === null ? "" : "  revoked";
      console.log(`${id}  ${prefix}…  ${kind}  ${scopes.join(",")}  ${name}${state}`);
    }
  });
}

/** `clicktrail keys revoke ID`. */
export async function revokeKey(id: string, options: WorkspaceOption): Promise<void> {
  await withContext(async (context) => {
    await context.access.revokeKey(await workspaceOf(context, options), id, CLI_ACTOR);
    console.error(`Key ${id} is revoked; a running server refuses it within a second.`);
  });
}

function parseDays(text: string): number {
  const [, digits] = /^(\d{1,4})d?$/.exec(text) ?? [];
  if (digits !== undefined && Number(digits) > 0) return Number(digits);
  throw new AppError("invalid_config", 422, `--expires takes days such as 90d, not "${text}".`);
}
