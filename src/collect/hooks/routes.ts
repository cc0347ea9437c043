import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../../lib/caller.ts";
import { AppError } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";
import { readBody } from "../../lib/read-body.ts";
import { validate } from "../../lib/validate.ts";
import { findKeys } from "../credentials.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import type { Hooks } from "./hooks.ts";
import { createReceiver, type ReceiveDeps } from "./receive.ts";

interface HookRoutesDeps extends ReceiveDeps {
  readonly hooks: Hooks;
  readonly authorize: Authorize;
  /** The caller a key belongs to; undefined for an unknown or revoked one. */
  readonly findKey: (secret: string) => Caller | undefined;
  readonly defaultWorkspaceId: number;
}

const BODY_LIMIT = 4000;

/** The body of `PUT /v1/hooks/:esp`. */
export const hookChangeSchema = z.strictObject({
  credential: z.string().max(1000).optional().meta({
    description:
      "What verifies the provider: SendGrid's verification key, Mailgun's signing key, the ARN of the SNS topic. For postmark and generic it is made, and shown once, unless given.",
  }),
});

/** One provider of `GET /v1/hooks`. */
export const hookSchema = z
  .object({
    esp: z.string(),
    title: z.string(),
    url: z.string(),
    credential: z.string(),
    is_minted: z.boolean(),
    configured: z.boolean(),
    last_received_at: z.string().nullable(),
    counts: z.record(z.string(), z.int()),
  })
  .meta({ id: "Hook" });

/** What a provider's request is answered with. */
export const receivedSchema = z.object({
  accepted: z.int(),
  ignored: z.int(),
  unmatched: z.int(),
  invalid: z.int(),
  waiting: z.int().meta({ description: "Kept while the database is away, and matched after." }),
});

/** `/v1/hooks`: what providers report of mails, and what verifies them. Mount it before anything that reads bodies. */
export function createHookRoutes(deps: HookRoutesDeps): Router {
  const { hooks, authorize } = deps;
  const receive = createReceiver(deps);
  const router = Router();

  router.post("/v1/hooks/:esp", async (req: Request<{ esp: string }>, res: Response) => {
    const { esp } = req.params;
    hooks.find(esp);
    const caller = keyCallerOf(req, esp, deps);
    const bytes = await readBody(req, { limit: MAX_BATCH_BYTES });
    const workspaceId =
      caller?.workspaceId ?? readWorkspace(req.query["workspace"], deps.defaultWorkspaceId);
    const { headers } = req;
    const isTrusted = caller !== undefined;
    res.set("Cache-Control", "no-store");
    res.json(await receive({ esp, workspaceId, headers, bytes, isTrusted }));
  });

  router.get("/v1/hooks", authorize("read"), async (_req, res) => {
    res.json({ hooks: await hooks.list(callerOf(res).workspaceId) });
  });

  router.put("/v1/hooks/:esp", authorize("admin"), async (req: Request<{ esp: string }>, res) => {
    const bytes = await readBody(req, { limit: BODY_LIMIT });
    const { credential } = validate(hookChangeSchema, parseJson(bytes));
    const { workspaceId, kind, id } = callerOf(res);
    const { esp } = req.params;
    const stored = await hooks.set(workspaceId, esp, credential, { kind, id });
    const view = (await hooks.list(workspaceId)).find((hook) => hook.esp === esp);
    res.json({ ...view, ...(credential === undefined ? { secret: stored } : {}) });
  });

  router.delete(
    "/v1/hooks/:esp",
    authorize("admin"),
    async (req: Request<{ esp: string }>, res) => {
      const { workspaceId, kind, id } = callerOf(res);
      await hooks.remove(workspaceId, req.params.esp, { kind, id });
      res.status(204).end();
    },
  );
  return router;
}

/** A service of one's own may use an API key instead of a signature; Postmark's Basic user is no key. */
function keyCallerOf(req: Request, esp: string, { findKey }: HookRoutesDeps): Caller | undefined {
  if (esp !== "generic" || req.headers.authorization === undefined) return undefined;
  const caller = findKeys(req.headers, undefined, null).flatMap((key) => findKey(key) ?? [])[0];
  if (!caller) {
    throw new AppError("unauthorized", 401, "The key is unknown.", {
      hint: "Send an API key as Bearer token, or sign the body with Clicktrail-Signature.",
    });
  }
  const { scopes } = caller;
  if (caller.kind === "secret" && (scopes.has("collect") || scopes.has("admin"))) return caller;
  throw new AppError("forbidden", 403, "This key may not report what became of mails.", {
    hint: "Use a secret key with the scope collect.",
  });
}

function readWorkspace(given: unknown, fallback: number): number {
  if (given === undefined) return fallback;
  if (typeof given === "string" && /^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new AppError("invalid_query", 400, "Expected the number of a workspace.", {
    errors: [{ pointer: "/workspace", message: "Expected a number, such as 2." }],
  });
}
