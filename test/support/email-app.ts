import express, { type Express } from "express";
import { createEmailRoutes } from "../../src/email/routes.ts";
import { createTokens } from "../../src/email/tokens.ts";
import { setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createKeyring } from "../../src/lib/keyring.ts";
import { createRefs } from "../../src/lib/refs.ts";
import type { EventRow } from "../../src/log/event.ts";

export const NOW = Date.parse("2026-03-01T12:00:00.000Z");

/** The email routes alone, with a recorder in the journal's place. */
export interface EmailApp {
  readonly app: Express;
  readonly facts: EventRow[];
  readonly tokens: ReturnType<typeof createTokens>;
  readonly refs: ReturnType<typeof createRefs>;
}

/** @param record replaces the recorder, to make it fail */
export function createEmailApp({
  record,
  bodyLimit = 20_000,
}: {
  record?: () => Promise<void>;
  bodyLimit?: number;
} = {}): EmailApp {
  const facts: EventRow[] = [];
  const tokens = createTokens({ keyring: createKeyring("secret of the email routes") });
  const refs = createRefs(Buffer.alloc(32, 1));
  let ids = 0;
  const app = express();
  app.use(
    createEmailRoutes({
      authorize: (scope) => (_req, res, next) => {
        setCaller(res, { workspaceId: 5, kind: "secret", id: "key", scopes: new Set([scope]) });
        next();
      },
      bodyLimit,
      tokens,
      basesOf: (_workspaceId, domain = "t.example") => [
        `https://${domain}`,
        "https://t.example",
        "https://click.brand.example",
      ],
      admitDestinations: async () => {},
      refsOf: () => refs,
      record:
        record ??
        (async (events) => {
          facts.push(...events);
        }),
      now: () => NOW,
      createId: () => `id${ids++}`,
    }),
  );
  app.use(
    (error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      if (!(error instanceof AppError)) throw error;
      const { status, code, message, errors, hint } = error;
      res.status(status).json({ code, message, errors, hint });
    },
  );
  return { app, facts, tokens, refs };
}
