import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "./access/access.ts";
import { type ConsentKeeper, createConsentKeeper } from "./contacts/privacy/change-consent.ts";
import type { Mode } from "./contacts/privacy/consent.ts";
import { type Consents, createConsents } from "./contacts/privacy/consents.ts";
import { createErasures, type Erasures } from "./contacts/privacy/erasures.ts";
import { createContactExport, type ExportContact } from "./contacts/privacy/export-contact.ts";
import { createGuard, type Guard, type WithheldReason } from "./contacts/privacy/guard.ts";
import { createJournalScreen, type JournalScreen } from "./contacts/privacy/journal-screen.ts";
import { createLedger, type Ledger } from "./contacts/privacy/ledger.ts";
import { enterMissingKeys, findReturned } from "./contacts/privacy/restore-ledger.ts";
import { applyRetention, type RetentionReport } from "./contacts/privacy/retention.ts";
import { createRetentionTimer, type RetentionTimer } from "./contacts/privacy/retention-timer.ts";
import type { ErasedKey } from "./contacts/privacy/store-ledger.ts";
import type { LedgerFile } from "./contacts/store-ledger-file.ts";
import type { Db } from "./db/db.ts";
import type { Actor } from "./lib/audit.ts";
import { createId } from "./lib/ids.ts";
import type { KeptCopy } from "./lib/kept-copy.ts";
import type { Retention } from "./lib/retention.ts";
import { createAppendChanges } from "./log/changes.ts";
import type { Journal } from "./log/journal.ts";

interface PrivacyDeps {
  readonly db: Db;
  readonly access: Pick<Access, "refsOf" | "recordAudit">;
  /** How a workspace counts opens of contacts who have said nothing. */
  readonly opensOf: (workspaceId: number) => Mode;
  /** The ledger's copy beside the database. */
  readonly ledgerFile: LedgerFile;
  /** This node's copy of the consents on disk; a command keeps none. */
  readonly keptConsents?: KeptCopy;
  readonly now: () => number;
  readonly retention: Retention;
  /** Told what a run of retention deleted. */
  readonly onRetained: (report: RetentionReport) => void;
  readonly onWithheld: (reason: WithheldReason) => void;
  readonly onError: (error: unknown) => void;
}

/** What the doors and the importer ask before they keep something. */
export interface Privacy {
  readonly guard: Guard;
  readonly ledger: Ledger;
  readonly consents: Consents;
  readonly consentKeeper: ConsentKeeper;
  readonly exportContact: ExportContact;
  /** Has the importer pass over what erased contacts left in the journal. */
  screenJournal(journal: Journal): JournalScreen;
  /** Has erasures carried out; `journal` says what is still on its way. */
  createErasures(owner: string, inbox: Inbox, carriesOut?: boolean): Erasures;
  /** Reads the ledger, also what a restored database lacks of it. */
  start(): Promise<void>;
  stop(): void;
  /** Erases again who came back with a restored database. */
  eraseReturned(erasures: Erasures): Promise<void>;
  /** Has retention run once a day. */
  createRetentionTimer(owner: string): RetentionTimer;
}

/** What came in and may not be in the log yet. */
export interface Inbox {
  /** Imports everything that is in the journal now. */
  emptyJournal(): Promise<void>;
  /** Whether everything durable is imported, and read by every projection. */
  isSettled(): Promise<boolean>;
}

/** How long an erasure of somebody unknown waits for what may still be on its way. */
const CATCH_UP_MS = 5000;
const LOOK_MS = 50;

/** Puts consent and erasure together; nothing runs before `ledger.start` and `consents.start`. */
export function createPrivacy(deps: PrivacyDeps): Privacy {
  const { db, access, opensOf, now, onWithheld, onError } = deps;
  const { refsOf } = access;
  let screen: JournalScreen | undefined;
  let missing: readonly ErasedKey[] = [];
  const inFile = new Set<string>();
  const ledger = createLedger({
    db,
    refsOf,
    onGrowth(keys) {
      void screen?.noteGrowth().catch(onError);
      const fresh = keys.filter(({ key_hash }) => !inFile.has(key_hash));
      for (const { key_hash } of fresh) inFile.add(key_hash);
      deps.ledgerFile.append(fresh).catch(onError);
    },
    onError,
  });
  const consents = createConsents(db, deps.keptConsents, () => performance.now(), onError);
  const guard = createGuard({ ledger, consents, refsOf, now, onWithheld });
  const newId = () => createId(now());
  const consentKeeper = createConsentKeeper({
    db,
    refsOf,
    consents,
    ledger,
    opensOf,
    now,
    createId: newId,
  });
  return {
    guard,
    ledger,
    consents,
    consentKeeper,
    exportContact: createContactExport({ db, refsOf, consentKeeper, now }),
    screenJournal(journal) {
      screen = createJournalScreen({ db, journal, ledger, guard, refsOf, onWithheld });
      return screen;
    },
    createRetentionTimer: (owner) =>
      createRetentionTimer({
        db,
        owner,
        now,
        onError,
        apply: () =>
          applyRetention({ db, refsOf, retention: deps.retention, now }, { dryRun: false }),
        onDone: deps.onRetained,
      }),
    async start() {
      const kept = await deps.ledgerFile.read();
      for (const { key_hash } of kept) inFile.add(key_hash);
      missing = await enterMissingKeys(db, kept);
      await ledger.start();
    },
    stop() {
      consents.stop();
      ledger.stop();
    },
    async eraseReturned(erasures) {
      const actor = { kind: "system", id: "restore" };
      for (const { workspaceId, ref } of await findReturned(db, refsOf, missing)) {
        await erasures.request(workspaceId, ref, actor);
      }
      missing = [];
    },
    createErasures: (owner, inbox, carriesOut = true) =>
      createErasures({
        carriesOut,
        db,
        owner,
        refsOf,
        ledger,
        now,
        createId: newId,
        onError,
        appendChanges: createAppendChanges(db.engine),
        async emptyJournal() {
          await screen?.noteGrowth();
          await inbox.emptyJournal();
        },
        async renewKept() {
          await consents.refresh();
          await deps.keptConsents?.settle();
        },
        catchUp: () => waitUntil(inbox.isSettled, CATCH_UP_MS),
        async recordReceipt(workspaceId, { kind, id }, subject, receipt) {
          const actor: Actor = { kind: toActorKind(kind), id };
          await access.recordAudit(workspaceId, actor, "contact.erase", subject, receipt);
        },
      }),
  };
}

function toActorKind(kind: string): Actor["kind"] {
  return kind === "secret" || kind === "user" || kind === "cli" ? kind : "system";
}

async function waitUntil(isDone: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && !(await isDone())) await sleep(LOOK_MS);
}
