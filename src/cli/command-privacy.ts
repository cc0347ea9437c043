import { createLedgerFile } from "../contacts/store-ledger-file.ts";
import { retentionOf } from "../lib/config.ts";
import { createKeptCopies } from "../lib/kept-copy.ts";
import { createPrivacy, type Privacy } from "../privacy.ts";
import type { CommandContext } from "./context.ts";

/** Consent and erasure for a command; trouble goes to standard error. */
export function createCommandPrivacy({ storage, access, config, now }: CommandContext): Privacy {
  const onError = (error: unknown) =>
    console.error("Trouble with consent or erasure; it tries again:", error);
  return createPrivacy({
    db: storage.db,
    access,
    // No hit comes in here.
    opensOf: () => "none",
    ledgerFile: createLedgerFile(storage.folder.erasures),
    now,
    retention: retentionOf(config),
    onRetained: () => {},
    onWithheld: () => {},
    keptConsents: createKeptCopies(storage.folder.kept, onError).of("consents"),
    onError,
  });
}
