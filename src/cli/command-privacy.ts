import { createLedgerFile } from "../contacts/store-ledger-file.ts";
import { retentionOf } from "../lib/config.ts";
import type { KeptCopies } from "../lib/kept-copy.ts";
import { createKeptCopies } from "../lib/kept-copy.ts";
import { createPrivacy, type Privacy } from "../privacy.ts";
import type { CommandContext } from "./context.ts";

/**
 * Consent and erasure for a command; trouble goes to standard error.
 *
 * @param kept this node's copies on disk, for a command that runs in the service's place
 */
export function createCommandPrivacy(
  { storage, access, config, now }: CommandContext,
  kept?: KeptCopies,
): Privacy {
  const onError = (error: unknown) =>
    console.error("Trouble with consent or erasure; it tries again:", error);
  return createPrivacy({
    db: storage.db,
    access,
    // No hit comes in here.
    opensOf: () => "none",
    ledgerFile: createLedgerFile(storage.folder.erasures),
    ...(kept ? { keptConsents: kept.of("consents"), settleCopies: kept.settle } : {}),
    now,
    retention: retentionOf(config),
    onRetained: () => {},
    onWithheld: () => {},
    keptConsents: createKeptCopies(storage.folder.kept, onError).of("consents"),
    onError,
  });
}
